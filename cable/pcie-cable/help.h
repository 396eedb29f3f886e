/* SPDX-License-Identifier: GPL-2.0 */
/* help: what --help prints */
#ifndef CABLE_HELP_H
#define CABLE_HELP_H

extern const char help_text[];

#endif /* CABLE_HELP_H */
