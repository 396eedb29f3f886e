/* SPDX-License-Identifier: GPL-2.0 */
/* For the fakes of tests/core: what fails a test there ends the input here */
#ifndef FUZZ_CMOCKA_H
#define FUZZ_CMOCKA_H

#include "check.h"

#define fail_msg(...)			FAIL(__VA_ARGS__)
#define assert_true(cond)		CHECK(cond)
#define assert_int_equal(a, b)		CHECK((a) == (b))
#define assert_in_range(v, lo, hi)	CHECK((v) >= (lo) && (v) <= (hi))

#endif /* FUZZ_CMOCKA_H */
