/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CORE_SHIM_LINUX_IRQFLAGS_H
#define CORE_SHIM_LINUX_IRQFLAGS_H

void local_irq_disable(void);
void local_irq_enable(void);

#endif /* CORE_SHIM_LINUX_IRQFLAGS_H */
