/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's worker, as a task of fake-sched.h
 */
#ifndef SEARCH_FAKE_WORK_H
#define SEARCH_FAKE_WORK_H

#include <linux/types.h>

/* It is busy with something else: work waits, for as long as this is set */
extern bool fake_work_held;

void fake_work_begin(void);
void fake_work_end(void);

#endif /* SEARCH_FAKE_WORK_H */
