/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks of fake-sched.c */
#ifndef CORE_SHIM_LINUX_SCHED_H
#define CORE_SHIM_LINUX_SCHED_H

#include <asm/barrier.h>
#include <asm/byteorder.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define TASK_RUNNING	0
#define TASK_IDLE	1

#define MIN_NICE	(-20)

struct task_struct;

extern struct task_struct *current;

void set_current_state(unsigned int state);
#define __set_current_state	set_current_state
void schedule(void);
void cond_resched(void);
int wake_up_process(struct task_struct *task);
void sched_set_fifo(struct task_struct *task);
void sched_set_normal(struct task_struct *task, int nice);

#endif /* CORE_SHIM_LINUX_SCHED_H */
