/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time for which a thread may be preferred to others
 *
 * A host that never leaves a thread alone would keep a processor to itself.  It gets so
 * much time of a thread that is preferred, and for each nanosecond more it has to leave
 * the thread alone for so many.  What was spent comes back in pieces, as to change a
 * priority takes its time, too.
 */
#ifndef EPFV_CREDIT_H
#define EPFV_CREDIT_H

#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/types.h>

#define EPFV_CREDIT_NS		(4LL * NSEC_PER_SEC)
#define EPFV_CREDIT_SHARE	4
#define EPFV_CREDIT_PIECE_NS	(EPFV_CREDIT_NS / 10)

/**
 * struct epfv_credit - time for which a thread may be preferred to others
 * @left: nanoseconds
 * @spent: it may not, until some has come together again
 */
struct epfv_credit {
	s64 left;
	bool spent;
};

/**
 * epfv_credit_pay() - account for some time
 * @c: credit
 * @ns: how long it was, in nanoseconds
 * @used: the thread has used it; else it has slept, or used it for something else
 */
static inline void epfv_credit_pay(struct epfv_credit *c, s64 ns, bool used)
{
	if (used && !c->spent)
		c->left -= ns;
	else
		c->left = min_t(s64, c->left + ns / EPFV_CREDIT_SHARE, EPFV_CREDIT_NS);
	if (c->left <= 0)
		c->spent = true;
	else if (c->left >= EPFV_CREDIT_PIECE_NS)
		c->spent = false;
}

#endif /* EPFV_CREDIT_H */
