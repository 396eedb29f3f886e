/* SPDX-License-Identifier: GPL-2.0 */
/* Whoever includes this is linked, not loaded */
#ifndef CORE_SHIM_LINUX_MODULE_H
#define CORE_SHIM_LINUX_MODULE_H

#include <linux/err.h>
#include <linux/types.h>

/*
 * struct module - what is loaded
 * @refs: how many hold it
 * @going: it is about to be unloaded
 */
struct module {
	unsigned int refs;
	bool going;
};

#define THIS_MODULE		NULL
#define EXPORT_SYMBOL_GPL(name)
#define MODULE_DESCRIPTION(text)
#define MODULE_LICENSE(text)
#define __init
#define __exit
#define module_init(fn)		int fake_##fn(void) { return fn(); }
#define module_exit(fn)		void fake_##fn(void) { fn(); }

static inline bool try_module_get(struct module *module)
{
	if (!module)
		return true;
	if (!module->going)
		module->refs++;
	return !module->going;
}

static inline void module_put(struct module *module)
{
	if (module)
		module->refs--;
}

#endif /* CORE_SHIM_LINUX_MODULE_H */
