// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table in use. It is copied from user space once, checked whole by the core in that copy,
 * bound to the running kernel by build-id, and then only read. A new table replaces it under RCU,
 * so look-ups, also those of a dying task, take no lock.
 */
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "kernel/base/running.h"
#include "kernel/ksyms/ksyms.h"

static struct rs_held __rcu *held;
static DEFINE_MUTEX(held_lock);
static DEFINE_MUTEX(take_lock); /* one new table at a time: no more memory than two tables */

static void free_held(struct rs_held *old)
{
	if (!old)
		return;
	rs_copy_free(&old->copy);
	kfree(old);
}

static int copy_and_check(struct rs_held *new, const struct rs_ksyms_take *take)
{
	struct rs_scratch *scratch;
	int status = rs_copy_take(&new->copy, take->table, take->table_bytes);

	if (status)
		return status;
	scratch = kmalloc(sizeof(*scratch), GFP_KERNEL);
	if (!scratch)
		return -ENOMEM;
	status = rs_check_symbols(&new->table,
				  (struct rs_bytes){ new->copy.bytes, new->copy.size }, scratch,
				  &new->kaslr_offset);
	kfree(scratch);
	return status;
}

static void replace(struct rs_held *new)
{
	struct rs_held *old;

	mutex_lock(&held_lock);
	old = rcu_replace_pointer(held, new, lockdep_is_held(&held_lock));
	mutex_unlock(&held_lock);
	synchronize_rcu();
	free_held(old);
}

static int take_one(const struct rs_ksyms_take *take)
{
	struct rs_held *new;
	int status;

	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	status = copy_and_check(new, take);
	if (status)
		free_held(new);
	else
		replace(new);
	return status;
}

int rs_held_take(const struct rs_ksyms_take *take)
{
	int status;

	if (take->reserved || !take->table_bytes)
		return -EINVAL;
	if (take->table_bytes > RS_KSYMS_TABLE_MAX)
		return -E2BIG;
	if (mutex_lock_killable(&take_lock))
		return -EINTR;
	status = take_one(take);
	mutex_unlock(&take_lock);
	return status;
}

void rs_held_drop(void)
{
	replace(NULL);
}

const struct rs_held *rs_held_get(void)
{
	return rcu_dereference(held);
}

int rs_held_status(struct rs_ksyms_status *status)
{
	const struct rs_held *now;

	if (status->reserved)
		return -EINVAL;
	*status = (struct rs_ksyms_status){
		.size = sizeof(*status),
		.version = RS_KSYMS_VERSION,
		.build_id_bytes = rs_running.id_bytes,
	};
	memcpy(status->build_id, rs_running.id, rs_running.id_bytes);
	rcu_read_lock();
	now = rs_held_get();
	if (now) {
		status->table_bytes = now->copy.size;
		status->symbols = rs_table_symbols(&now->table);
		status->kaslr_offset = now->kaslr_offset;
	}
	rcu_read_unlock();
	return 0;
}

bool rs_held_find(const struct rs_held *now, u64 address, struct rs_symbol *symbol,
		  struct rs_scratch *scratch)
{
	if (address < RS_KERNEL_BASE + now->kaslr_offset)
		return false;
	if (!rs_table_find(&now->table, address - now->kaslr_offset, symbol, scratch))
		return false;
	symbol->address += now->kaslr_offset;
	return true;
}

int rs_format(char *text, size_t room, const struct rs_symbol *symbol, u64 offset)
{
	return scnprintf(text, room, "%.*s+%#llx/%#llx", (int)symbol->name_bytes, symbol->name,
			 offset, symbol->size);
}
