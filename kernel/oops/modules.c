// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where modules are. A table may come before its module: user space has laid the module out as the
 * kernel will, so that all that is missing is where the regions begin, which the notifier sees
 * before the module's first instruction runs. The build-id in its memory tells whether it is the
 * module that was meant.
 */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#include "kernel/oops/oops.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define FIRST_INIT MOD_INIT_TEXT

static unsigned long region_of(const struct module *module, u32 region)
{
	return region < MOD_MEM_NUM_TYPES ? (unsigned long)module->mem[region].base : 0;
}
#else
#define FIRST_INIT 1

static unsigned long region_of(const struct module *module, u32 region)
{
	if (region > 1)
		return 0;
	return (unsigned long)(region ? module->init_layout.base : module->core_layout.base);
}
#endif

bool rs_is_there(const struct rs_object *object)
{
	const struct rs_oops_take *about = &object->about;
	unsigned long base = object->regions[about->id_region];
	u8 id[RS_OOPS_BUILD_ID_MAX];

	if (base < MODULES_VADDR || base >= MODULES_END ||
	    about->id_offset >= MODULES_END - base - about->id_bytes ||
	    copy_from_kernel_nofault(id, (void *)(base + about->id_offset),
					      about->id_bytes))
		return false;
	return !memcmp(id, about->id, about->id_bytes);
}

static bool part_at(const struct rs_object *object, const struct rs_oops_part *part,
		    unsigned long address, u64 *in_index)
{
	unsigned long base = READ_ONCE(object->regions[part->region]);

	if (!base || address < base + part->offset ||
	    address - base - part->offset >= part->bytes)
		return false;
	*in_index = part->address + (address - base - part->offset);
	return true;
}

/* Looked at once more, by its build-id: it may have gone since, with another in its place. */
const struct rs_object *rs_module_at(unsigned long address, u64 *in_index)
{
	const struct rs_object *object;
	u32 slot, part;

	for (slot = 0; slot < READ_ONCE(rs_tables.slots); slot++) {
		object = READ_ONCE(rs_tables.modules[slot]);
		if (!object || !smp_load_acquire(&object->present))
			continue;
		for (part = 0; part < object->count; part++)
			if (part_at(object, &object->parts[part], address, in_index))
				return rs_is_there(object) ? object : NULL;
	}
	return NULL;
}

static void comes(struct rs_object *object, const struct module *module)
{
	u32 region;

	for (region = 0; region < RS_OOPS_REGIONS; region++)
		WRITE_ONCE(object->regions[region], region_of(module, region));
	smp_store_release(&object->present, rs_is_there(object));
}

static void lives(struct rs_object *object)
{
	u32 region;

	for (region = FIRST_INIT; region < RS_OOPS_REGIONS; region++)
		WRITE_ONCE(object->regions[region], 0);
}

static void tell(struct rs_object *object, const struct module *module, unsigned long state)
{
	if (strcmp(object->about.name, module->name))
		return;
	if (state == MODULE_STATE_COMING)
		comes(object, module);
	else if (state == MODULE_STATE_LIVE)
		lives(object);
	else
		WRITE_ONCE(object->present, false);
}

static int on_module(struct notifier_block *block, unsigned long state, void *data)
{
	u32 slot;

	mutex_lock(&rs_tables.lock);
	for (slot = 0; slot < rs_tables.slots; slot++)
		if (rs_tables.modules[slot])
			tell(rs_tables.modules[slot], data, state);
	mutex_unlock(&rs_tables.lock);
	return NOTIFY_DONE;
}

/* Before all others: a module's own notifiers may die, too. */
static struct notifier_block block = { .notifier_call = on_module, .priority = INT_MAX };

int rs_modules_start(void)
{
	return register_module_notifier(&block);
}

void rs_modules_stop(void)
{
	unregister_module_notifier(&block);
}
