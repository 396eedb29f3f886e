/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MODEL_LINUX_H
#define MODEL_LINUX_H

#include "host.h"

extern const struct step linux_register[];
extern const struct step linux_bind[];
extern const struct step linux_probe[];
extern const struct step linux_remove[];
extern const struct step linux_shutdown[];
extern const struct step linux_freeze[];
extern const struct step linux_restore[];
extern const struct step linux_shared[];
extern const struct step linux_recover[];

extern const struct device first_device;
extern const struct device last_device;
extern const struct device console_device;
extern const struct device net_device;
extern const struct device vsock_device;

#endif /* MODEL_LINUX_H */
