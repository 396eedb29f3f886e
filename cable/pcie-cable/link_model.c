// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "link_model.h"

static const double gt_per_s[] = { 2.5, 5, 8, 16, 32 };

#define NUM_GENS	(sizeof(gt_per_s) / sizeof(gt_per_s[0]))
#define MAX_LANES	16

/* From gen3 on, blocks of 128 bits have two bits more; before, bytes have 10 bits. */
#define FIRST_WITH_BLOCKS	3

bool link_model_parse(struct link_model *model, const char *s)
{
	unsigned int gen, lanes;
	char name[16];

	for (gen = 1; gen <= NUM_GENS; gen++) {
		for (lanes = 1; lanes <= MAX_LANES; lanes *= 2) {
			snprintf(name, sizeof(name), "gen%ux%u", gen, lanes);
			if (strcmp(s, name))
				continue;
			model->gen = gen;
			model->lanes = lanes;
			return true;
		}
	}
	return false;
}

double link_model_wire_ns(const struct link_model *model, uint64_t bytes)
{
	const double bits = model->gen < FIRST_WITH_BLOCKS ? 10 : 8 * 130.0 / 128;

	return bytes * bits / (gt_per_s[model->gen - 1] * model->lanes);
}

double link_model_read_ns(const struct link_model *model, const struct traffic_use *use)
{
	return (double)use->reads * model->read_ns + link_model_wire_ns(model, use->read_wire);
}

double link_model_write_ns(const struct link_model *model, const struct traffic_use *use)
{
	return (double)use->writes * model->write_ns + link_model_wire_ns(model, use->write_wire);
}
