/* SPDX-License-Identifier: GPL-2.0 */
/* thread: one that takes no signals, which are the loop's; offered to aside and writer */
#ifndef CABLE_THREAD_H
#define CABLE_THREAD_H

/* Run @run in a thread that nobody waits for; 0, or a negative errno */
int thread_start(void *(*run)(void *arg), void *arg);

#endif /* CABLE_THREAD_H */
