// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <signal.h>

#include "thread.h"

int thread_start(void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	pthread_t thread;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!ret)
		pthread_detach(thread);
	return -ret;
}
