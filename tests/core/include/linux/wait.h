/* SPDX-License-Identifier: GPL-2.0 */
/* Who waits is woken when somebody says so; see fake-sched.c */
#ifndef CORE_SHIM_LINUX_WAIT_H
#define CORE_SHIM_LINUX_WAIT_H

typedef struct {
	char unused;
} wait_queue_head_t;

#define init_waitqueue_head(wq)	((void)(wq))

void fake_wait(wait_queue_head_t *wq);
void wake_up(wait_queue_head_t *wq);

#define wait_event(wq, condition)			\
	do {						\
		while (!(condition))			\
			fake_wait(&(wq));		\
	} while (0)

#endif /* CORE_SHIM_LINUX_WAIT_H */
