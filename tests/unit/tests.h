/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_TESTS_H
#define UNIT_TESTS_H

/* Each runs a group and returns the number of tests that failed */
int test_regs(void);
int test_ring(void);
int test_ports(void);

#endif /* UNIT_TESTS_H */
