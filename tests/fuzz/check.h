/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What must hold, whatever the input: if it does not, libFuzzer keeps the input
 */
#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define FAIL(...) do {							\
	fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, __func__);	\
	fprintf(stderr, __VA_ARGS__);					\
	fputc('\n', stderr);						\
	abort();							\
} while (0)

#define CHECK(cond) do {						\
	if (!(cond))							\
		FAIL("does not hold: %s", #cond);			\
} while (0)

#endif /* FUZZ_CHECK_H */
