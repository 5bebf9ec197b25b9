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
	rs_tables.bytes -= space->copy.size;
	rs_copy_free(&space->copy);
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

int rs_space_take(const struct rs_oops_take *take, const struct file *owner)
{
	struct rs_space **slot = spare_slot(), *space;
	int status;

	if (!slot)
		return -ENOSPC;
	space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	if (!space)
		return -ENOMEM;
	space->owner = owner;
	strscpy(space->name, take->name, sizeof(space->name));
	status = rs_copy_in(&space->copy, take);
	if (!status)
		status = check(space);
	if (status)
		free_space(space);
	else
		smp_store_release(slot, space);
	return status;
}

void rs_spaces_drop(const struct file *owner)
{
	struct rs_space *space;
	u32 slot;

	for (slot = 0; slot < RS_OOPS_SPACES_MAX; slot++) {
		space = rs_tables.spaces[slot];
		if (!space || space->owner != owner)
			continue;
		WRITE_ONCE(rs_tables.spaces[slot], NULL);
		if (rs_trace_settle())
			free_space(space);
	}
}
