/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MODEL_OTHERS_H
#define MODEL_OTHERS_H

#include "host.h"

/* Each from reset to DRIVER_OK */
extern const struct step old_ipxe[];
extern const struct step new_ipxe[];
extern const struct step seabios[];
extern const struct step uboot[];
extern const struct step dpdk[];

/* The end of old_ipxe */
extern const struct step old_ipxe_close[];

#endif /* MODEL_OTHERS_H */
