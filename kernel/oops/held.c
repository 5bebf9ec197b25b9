// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The tables. Each is copied from user space once, checked whole by the core in that copy, bound to
 * the running kernel or to a module by build-id, and then only read. What is replaced or dropped is
 * freed when no printer uses it any more, and stays where a printer has died with it.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "kernel/oops/oops.h"

struct rs_tables rs_tables = { .lock = __MUTEX_INITIALIZER(rs_tables.lock) };

static void free_symbols(struct rs_symbols *symbols)
{
	if (!symbols)
		return;
	rs_copy_drop(&symbols->copy);
	kfree(symbols);
}

static void free_object(struct rs_object *object)
{
	if (!object)
		return;
	rs_copy_drop(&object->copy);
	kvfree(object->parts);
	kfree(object);
}

int rs_copy_in(struct rs_copy *copy, const struct rs_oops_take *take)
{
	if (atomic64_add_return(take->table_bytes, &rs_tables.bytes) > RS_OOPS_TOTAL_MAX) {
		atomic64_sub(take->table_bytes, &rs_tables.bytes);
		return -ENOSPC;
	}
	return rs_copy_take(copy, take->table, take->table_bytes);
}

void rs_copy_drop(struct rs_copy *copy)
{
	atomic64_sub(copy->size, &rs_tables.bytes);
	rs_copy_free(copy);
}

static struct rs_bytes bytes_of(const struct rs_copy *copy)
{
	return (struct rs_bytes){ copy->bytes, copy->size };
}

static int check_symbols(struct rs_symbols *symbols)
{
	struct rs_scratch *scratch = kmalloc(sizeof(*scratch), GFP_KERNEL);
	int status;

	if (!scratch)
		return -ENOMEM;
	status = rs_check_symbols(&symbols->table, bytes_of(&symbols->copy), scratch,
				  &symbols->offset);
	kfree(scratch);
	return status;
}

static int take_symbols(const struct rs_oops_take *take)
{
	struct rs_symbols *symbols = kzalloc(sizeof(*symbols), GFP_KERNEL), *old;
	int status;

	if (!symbols)
		return -ENOMEM;
	status = rs_copy_in(&symbols->copy, take);
	if (!status)
		status = check_symbols(symbols);
	if (status) {
		free_symbols(symbols);
		return status;
	}
	mutex_lock(&rs_tables.lock);
	old = rs_tables.symbols;
	smp_store_release(&rs_tables.symbols, symbols);
	mutex_unlock(&rs_tables.lock);
	if (rs_trace_settle())
		free_symbols(old);
	return 0;
}

/* A hostile part costs no more than a look-up does. */
static int check_parts(const struct rs_object *object, struct rs_work *work)
{
	u32 part, count = rs_lines_parts(&object->lines);
	struct rs_refusal why;

	for (part = 0; part < count; part++) {
		if (!rs_lines_check(&object->lines, part, work, &why))
			return rs_refuse("line index", &why);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static int check_lines(struct rs_object *object)
{
	struct rs_work *work;
	struct rs_refusal why;
	int status;

	if (!rs_lines_open(&object->lines, bytes_of(&object->copy), &why))
		return rs_refuse("line index", &why);
	work = kmalloc(sizeof(*work), GFP_KERNEL);
	if (!work)
		return -ENOMEM;
	status = check_parts(object, work);
	kfree(work);
	return status;
}

/* The kernel's own, or a module's of the build that is named. */
static int check_build(const struct rs_object *object)
{
	struct rs_bytes id = rs_lines_build_id(&object->lines);
	const struct rs_oops_take *about = &object->about;

	if (about->kind == RS_OOPS_LINES)
		return rs_is_running(id) ? 0 : -EXDEV;
	return id.size == about->id_bytes && !memcmp(id.data, about->id, id.size) ? 0 : -EXDEV;
}

static int take_parts(struct rs_object *object)
{
	size_t bytes = object->about.parts * sizeof(*object->parts);
	u32 part;

	object->count = object->about.parts;
	if (!object->count)
		return 0;
	object->parts = vmemdup_user(u64_to_user_ptr(object->about.part_records), bytes);
	if (IS_ERR(object->parts)) {
		int status = PTR_ERR(object->parts);

		object->parts = NULL;
		return status;
	}
	for (part = 0; part < object->count; part++)
		if (object->parts[part].region >= RS_OOPS_REGIONS)
			return -EINVAL;
	return 0;
}

static int place(struct rs_object *object)
{
	bool placed = false;
	u32 region;

	for (region = 0; region < RS_OOPS_REGIONS; region++) {
		object->regions[region] = object->about.regions[region];
		placed |= object->regions[region] != 0;
	}
	object->present = placed && rs_is_there(object);
	return placed && !object->present ? -EXDEV : 0;
}

static int fill(struct rs_object *object)
{
	int status = take_parts(object);

	if (!status)
		status = rs_copy_in(&object->copy, &object->about);
	if (!status)
		status = check_lines(object);
	return status ? status : check_build(object);
}

/* The slot of the module of that name, or a free one; NULL: there is none. */
static struct rs_object **slot_of(const char *name)
{
	struct rs_object **spare = NULL;
	u32 slot;

	for (slot = 0; slot < rs_tables.slots; slot++) {
		struct rs_object *object = rs_tables.modules[slot];

		if (!object)
			spare = &rs_tables.modules[slot];
		else if (!strcmp(object->about.name, name))
			return &rs_tables.modules[slot];
	}
	if (!spare && rs_tables.slots < RS_OOPS_OBJECTS_MAX) {
		spare = &rs_tables.modules[rs_tables.slots];
		WRITE_ONCE(rs_tables.slots, rs_tables.slots + 1);
	}
	return spare;
}

/* Puts `object` where it belongs; what was there before. */
static int put(struct rs_object *object, struct rs_object **old)
{
	struct rs_object **slot = &rs_tables.kernel;
	int status = place(object);

	if (status)
		return status;
	if (object->about.kind == RS_OOPS_MODULE)
		slot = slot_of(object->about.name);
	if (!slot)
		return -ENOSPC;
	*old = *slot;
	smp_store_release(slot, object);
	return 0;
}

/* No more reachable from rs_tables. */
static void retire(struct rs_object *old)
{
	if (old && rs_trace_settle())
		free_object(old);
}

static int take_lines(const struct rs_oops_take *take)
{
	struct rs_object *object = kzalloc(sizeof(*object), GFP_KERNEL_ACCOUNT), *old = NULL;
	int status;

	if (!object)
		return -ENOMEM;
	object->about = *take;
	status = fill(object);
	if (!status) {
		mutex_lock(&rs_tables.lock);
		status = put(object, &old);
		mutex_unlock(&rs_tables.lock);
	}
	if (status)
		free_object(object);
	retire(old);
	return status;
}

/* It is printed. */
static bool has_name(const struct rs_oops_take *take)
{
	u32 bytes = strnlen(take->name, sizeof(take->name)), at;

	for (at = 0; at < bytes; at++)
		if (!isascii(take->name[at]) || !isprint(take->name[at]))
			return false;
	return bytes > 0 && bytes < sizeof(take->name);
}

static bool is_module(const struct rs_oops_take *take)
{
	return has_name(take) && take->parts <= RS_OOPS_PARTS_MAX &&
	       take->id_region < RS_OOPS_REGIONS && take->id_bytes >= RS_OOPS_BUILD_ID_MIN &&
	       take->id_bytes <= sizeof(take->id);
}

static bool is_nowhere(const struct rs_oops_take *take)
{
	return !take->parts && !take->id_bytes && !take->id_region && !take->id_offset &&
	       !memchr_inv(take->regions, 0, sizeof(take->regions));
}

static bool is_plain(const struct rs_oops_take *take)
{
	return is_nowhere(take) && !take->name[0];
}

int rs_held_take(const struct rs_oops_take *take, const struct file *owner)
{
	if (take->reserved || !take->table_bytes)
		return -EINVAL;
	if (take->table_bytes > RS_OOPS_TABLE_MAX)
		return -E2BIG;
	switch (take->kind) {
	case RS_OOPS_SYMBOLS:
		return is_plain(take) ? take_symbols(take) : -EINVAL;
	case RS_OOPS_LINES:
		return is_plain(take) ? take_lines(take) : -EINVAL;
	case RS_OOPS_MODULE:
		return is_module(take) ? take_lines(take) : -EINVAL;
	case RS_OOPS_SPACE:
		return is_nowhere(take) && has_name(take) ? rs_space_take(take, owner) : -EINVAL;
	default:
		return -EINVAL;
	}
}

/* What was in the slot, if it is to go: all, or the one of that name. */
static struct rs_object *take_out(struct rs_object **slot, const char *name)
{
	struct rs_object *object;

	mutex_lock(&rs_tables.lock);
	object = *slot;
	if (object && (!name || !strcmp(object->about.name, name)))
		WRITE_ONCE(*slot, NULL);
	else
		object = NULL;
	mutex_unlock(&rs_tables.lock);
	return object;
}

/* `name`: of one, NULL for all. How many there were. */
static u32 drop_modules(const char *name)
{
	u32 slot, dropped = 0;

	for (slot = 0; slot < READ_ONCE(rs_tables.slots); slot++) {
		struct rs_object *object = take_out(&rs_tables.modules[slot], name);

		dropped += object != NULL;
		retire(object);
	}
	return dropped;
}

static void drop_symbols(void)
{
	struct rs_symbols *symbols;

	mutex_lock(&rs_tables.lock);
	symbols = rs_tables.symbols;
	WRITE_ONCE(rs_tables.symbols, NULL);
	mutex_unlock(&rs_tables.lock);
	if (symbols && rs_trace_settle())
		free_symbols(symbols);
}

static void drop_all(void)
{
	drop_symbols();
	retire(take_out(&rs_tables.kernel, NULL));
	drop_modules(NULL);
}

int rs_held_drop(const struct rs_oops_drop *drop)
{
	if (drop->reserved || strnlen(drop->name, sizeof(drop->name)) == sizeof(drop->name))
		return -EINVAL;
	if (drop->name[0])
		return drop_modules(drop->name) ? 0 : -ENOENT;
	drop_all();
	return 0;
}

void rs_held_status(struct rs_oops_status *status)
{
	const struct rs_symbols *symbols;
	u32 slot;

	mutex_lock(&rs_tables.lock);
	symbols = rs_tables.symbols;
	if (symbols) {
		status->symbol_bytes = symbols->copy.size;
		status->symbols = rs_table_symbols(&symbols->table);
		status->kaslr_offset = symbols->offset;
	}
	if (rs_tables.kernel)
		status->line_bytes = rs_tables.kernel->copy.size;
	for (slot = 0; slot < rs_tables.slots; slot++) {
		const struct rs_object *object = rs_tables.modules[slot];

		if (!object)
			continue;
		status->modules++;
		status->present += object->present;
		status->module_bytes += object->copy.size;
	}
	for (slot = 0; slot < RS_OOPS_SPACES_MAX; slot++)
		status->spaces += rs_tables.spaces[slot] != NULL;
	mutex_unlock(&rs_tables.lock);
}

int rs_held_start(void)
{
	rs_tables.modules =
		kvcalloc(RS_OOPS_OBJECTS_MAX, sizeof(*rs_tables.modules), GFP_KERNEL);
	return rs_tables.modules ? 0 : -ENOMEM;
}

void rs_held_stop(void)
{
	drop_all();
	kvfree(rs_tables.modules);
}
