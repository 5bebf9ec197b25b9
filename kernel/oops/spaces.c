// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Symbols of spaces, which the kernel knows nothing of. Each lives as long as the file that it came
 * by, so that it goes with the process that owns the space, however that ends.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "kernel/oops/oops.h"

static void free_space(struct rs_space *space)
{
	rs_copy_drop(&space->copy);
	kfree(space);
}

static int check(struct rs_space *space)
{
	struct rs_bytes bytes = { space->copy.bytes, space->copy.size };
	struct rs_scratch *scratch = kmalloc(sizeof(*scratch), GFP_KERNEL);
	int status;

	if (!scratch)
		return -ENOMEM;
	status = rs_check_table(&space->table, bytes, scratch);
	kfree(scratch);
	return status;
}

static struct rs_space **spare_slot(void)
{
	u32 slot;

	for (slot = 0; slot < RS_OOPS_SPACES_MAX; slot++)
		if (!rs_tables.spaces[slot])
			return &rs_tables.spaces[slot];
	return NULL;
}

static int put(struct rs_space *space)
{
	struct rs_space **slot;

	mutex_lock(&rs_tables.lock);
	slot = spare_slot();
	if (slot)
		smp_store_release(slot, space);
	mutex_unlock(&rs_tables.lock);
	return slot ? 0 : -ENOSPC;
}

int rs_space_take(const struct rs_oops_take *take, const struct file *owner)
{
	struct rs_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	int status;

	if (!space)
		return -ENOMEM;
	space->owner = owner;
	strscpy(space->name, take->name, sizeof(space->name));
	status = rs_copy_in(&space->copy, take);
	if (!status)
		status = check(space);
	if (!status)
		status = put(space);
	if (status)
		free_space(space);
	return status;
}

bool rs_in_space(unsigned long address)
{
	const struct rs_space *space;
	u32 slot;

	for (slot = 0; slot < RS_OOPS_SPACES_MAX; slot++) {
		space = smp_load_acquire(&rs_tables.spaces[slot]);
		if (space && rs_table_covers(&space->table, address))
			return true;
	}
	return false;
}

void rs_spaces_drop(const struct file *owner)
{
	struct rs_space *space;
	u32 slot;

	for (slot = 0; slot < RS_OOPS_SPACES_MAX; slot++) {
		mutex_lock(&rs_tables.lock);
		space = rs_tables.spaces[slot];
		if (space && space->owner == owner)
			WRITE_ONCE(rs_tables.spaces[slot], NULL);
		else
			space = NULL;
		mutex_unlock(&rs_tables.lock);
		if (space && rs_trace_settle())
			free_space(space);
	}
}
