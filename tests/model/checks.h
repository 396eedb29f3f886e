/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MODEL_CHECKS_H
#define MODEL_CHECKS_H

#include "host.h"

/* Each prints what it finds and returns the number of checks that failed */
unsigned int check_budgets(void);
unsigned int check_lockstep(void);
unsigned int check_stale_msix(void);
unsigned int check_late_word(void);
unsigned int check_untimed(unsigned int max_queues);
unsigned int check_faults(unsigned int max_queues, unsigned int max_faults);
unsigned int check_hostile(void);

/* The traces in a folder, each against the program that it names */
unsigned int check_traces(const char *dir);

/* A short run in which nothing but some properties count, of one program or, if NULL, all */
unsigned int check_properties(u32 properties, const struct program *only);

/* Checks made so far */
extern unsigned int num_checks;

#endif /* MODEL_CHECKS_H */
