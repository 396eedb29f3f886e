// SPDX-License-Identifier: GPL-2.0
#include "log.h"
#include "peer.h"
#include "stop.h"

void stop_init(struct stop *stop, const char *who)
{
	*stop = (struct stop){ .who = who, .pidfd = -1 };
}

int stop_begin(struct stop *stop, const struct vfu_conn *conn)
{
	const int ret = peer_stop(conn->src.fd);

	if (ret < 0)
		return ret;
	stop->pidfd = ret;
	log_event("%s stopped by a control command", stop->who);
	return 0;
}

void stop_end(struct stop *stop)
{
	if (!stop_is_on(stop))
		return;
	peer_cont(stop->pidfd);
	stop->pidfd = -1;
	log_event("%s goes on", stop->who);
}
