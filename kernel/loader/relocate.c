// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stands in for apply_relocate_add() in the loads that are handed over. The kernel calls it once a
 * relocation section, in order, with nothing in between that could fail, and no lock held: the
 * first call reads the module's shape, and the one for `last` ends the load. USER parks in the
 * first, SHADOW in the last; the bytes are RW and NX until the kernel seals them, long after.
 */
#define pr_fmt(fmt) "ringside-loader: " fmt

#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "kernel/loader/loader.h"

int rs_original(Elf64_Shdr *sections, const char *strings, unsigned int symtab,
		unsigned int relocations, struct module *module, unsigned long body);

struct rs_loader_counts rs_counts;

/* What the kernel asks for in one call. */
struct call {
	Elf64_Shdr *sections;
	const char *strings;
	u32 symtab, relocations;
	struct module *module;
};

static void set_state(struct rs_load *load, u32 state)
{
	WRITE_ONCE(load->about.state, state);
	wake_up_all(&load->changed);
}

void rs_settle(struct rs_load *load, u32 by, u32 error)
{
	load->about.by = by;
	load->about.error = error;
	set_state(load, RS_LOADER_GOING);
}

/* Gives the lock away meanwhile. Killable, and bounded by the time that was armed. */
static int park(struct rs_load *load)
{
	long left;

	if (load->closed)
		return -ECANCELED;
	set_state(load, RS_LOADER_PARKED);
	mutex_unlock(&load->lock);
	left = wait_event_killable_timeout(load->changed,
					   READ_ONCE(load->about.state) != RS_LOADER_PARKED,
					   msecs_to_jiffies(load->timeout_ms));
	mutex_lock(&load->lock);
	if (load->about.state == RS_LOADER_PARKED)
		rs_settle(load, RS_LOADER_BY_NOBODY, left < 0 ? EINTR : ETIMEDOUT);
	return -(int)load->about.error;
}

static int refuse(const struct rs_load *load, const struct rs_refusal *why)
{
	pr_warn("%s: %.*s at %llu: expected %#llx, found %#llx\n", load->about.name,
		(int)why->what_bytes, why->what, why->at, why->expected, why->found);
	return -ENOEXEC;
}

static struct rs_bytes bytes_of(const void *data, size_t size)
{
	return (struct rs_bytes){ (u8 *)data, size };
}

/* The core's own view of the symbols; it judges the kernel's by the file. */
static int read_symbols(struct rs_load *load)
{
	const struct rs_shape *shape = &load->shape;
	const Elf64_Shdr *table = &shape->sections[shape->symtab];
	struct rs_refusal why;
	struct rs_symbols symbols = {
		.original = bytes_of((void *)shape->file + table->sh_offset, table->sh_size),
		.resolved = bytes_of((void *)table->sh_addr, table->sh_size),
		.sections = bytes_of(shape->sections, shape->count * sizeof(Elf64_Shdr)),
		.percpu_section = shape->percpu,
		.percpu = load->about.percpu,
		.count = load->about.symbols,
	};

	load->values = kvmalloc_array(symbols.count, sizeof(*load->values), GFP_KERNEL_ACCOUNT);
	if (!load->values)
		return -ENOMEM;
	symbols.values = (unsigned long long *)load->values;
	return rs_read_symbols(&symbols, &why) ? 0 : refuse(load, &why);
}

static int relocate_by_core(struct rs_load *load, u32 index)
{
	const Elf64_Shdr *section = &load->shape.sections[index];
	const Elf64_Shdr *target = &load->shape.sections[section->sh_info];
	struct rs_refusal why;
	struct rs_relocations relocations = {
		.records = bytes_of((void *)section->sh_addr, section->sh_size),
		.target = bytes_of((void *)target->sh_addr, target->sh_size),
		.section = index,
		.values = (unsigned long long *)load->values,
		.count = load->about.symbols,
	};

	return rs_relocate(&relocations, &why) ? 0 : refuse(load, &why);
}

static bool all_written(const struct rs_load *load)
{
	const struct rs_shape *shape = &load->shape;
	u32 each;

	for (each = 1; each < shape->count; each++)
		if (rs_shape_relocates(shape, each) && shape->sections[each].sh_size &&
		    !test_bit(shape->sections[each].sh_info, load->written))
			return false;
	return true;
}

/* What was written would be taken for the signer's, were the kernel to go on from there. */
bool rs_may_settle(const struct rs_load *load, bool done)
{
	return done ? all_written(load) : bitmap_empty(load->written, load->shape.count);
}

int rs_policy(u32 mode)
{
	if (mode == RS_LOADER_USER && is_module_sig_enforced())
		return -EKEYREJECTED;
	return security_locked_down(LOCKDOWN_MODULE_SIGNATURE);
}

/* Asks for the policy again: an arm may be old. */
static int begin(struct rs_load *load, const struct call *call)
{
	int status = rs_policy(load->about.mode);

	if (status)
		return status;
	status = rs_shape_read(&load->shape, call->sections, call->symtab, call->relocations,
			       call->module);
	if (status)
		return status;
	rs_shape_tell(&load->shape, &load->about);
	set_state(load, RS_LOADER_GOING);
	if (load->about.mode == RS_LOADER_KERNEL) {
		load->about.by = RS_LOADER_BY_CORE;
		return read_symbols(load);
	}
	load->about.by = RS_LOADER_BY_KERNEL;
	if (load->about.mode == RS_LOADER_SHADOW)
		return 0;
	load->written = bitmap_zalloc(load->shape.count, GFP_KERNEL_ACCOUNT);
	return load->written ? park(load) : -ENOMEM;
}

static int relocate_by_kernel(struct rs_load *load, const struct call *call)
{
	int status = rs_original(call->sections, call->strings, call->symtab, call->relocations,
				 call->module, READ_ONCE(rs_original_body));

	if (status || load->about.mode != RS_LOADER_SHADOW ||
	    call->relocations != load->shape.last)
		return status;
	return park(load);
}

static int relocate(struct rs_load *load, const struct call *call)
{
	switch (load->about.by) {
	case RS_LOADER_BY_USER:
		return 0;
	case RS_LOADER_BY_CORE:
		return relocate_by_core(load, call->relocations);
	default:
		return relocate_by_kernel(load, call);
	}
}

/* The signature, if any, is not one of these bytes. U for the kernel alone: a module that bears
 * it loses its tracepoints. */
static void taint(struct module *module)
{
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	add_taint(TAINT_UNSIGNED_MODULE, LOCKDEP_STILL_OK);
	set_bit(TAINT_UNSIGNED_MODULE, &module->taints);
}

static void tell(const struct rs_load *load, const struct module *module)
{
	static const char *const who[] = { "nobody", "user space", "our core", "the kernel" };
	const struct rs_loader_load *about = &load->about;

	if (about->error)
		pr_info("%s: hand-over failed: error %u\n", module->name, about->error);
	else
		pr_info("%s: relocated by %s (%s[%d])\n", module->name, who[about->by],
			current->comm, task_pid_nr(current));
}

static void count(const struct rs_loader_load *about)
{
	if (!about->error)
		atomic64_inc(&rs_counts.by[about->by]);
	else
		atomic64_inc(&rs_counts.failed);
	if (about->error == ETIMEDOUT)
		atomic64_inc(&rs_counts.timed_out);
}

static void end(struct rs_load *load, struct module *module, int status)
{
	if (status)
		load->about.by = RS_LOADER_BY_NOBODY;
	load->about.error = -status;
	if (load->about.by == RS_LOADER_BY_USER)
		taint(module);
	count(&load->about);
	tell(load, module);
	bitmap_free(load->written);
	kvfree(load->values);
	load->written = NULL;
	load->values = NULL;
	rs_forget(load); /* before ENDED: then the file may be armed again */
	set_state(load, RS_LOADER_ENDED);
}

/* Whether the load has ended. */
static bool take(struct rs_load *load, const struct call *call, int *status)
{
	*status = load->about.state == RS_LOADER_ARMED ? begin(load, call) : 0;
	if (!*status)
		*status = relocate(load, call);
	if (!*status && call->relocations < load->shape.last)
		return false;
	end(load, call->module, *status);
	return true;
}

int rs_hand_over(Elf64_Shdr *sections, const char *strings, unsigned int symtab,
		 unsigned int relocations, struct module *module)
{
	struct call call = { sections, strings, symtab, relocations, module };
	struct rs_load *load = rs_entered();
	bool ended;
	int status;

	mutex_lock(&load->lock);
	ended = take(load, &call, &status);
	mutex_unlock(&load->lock);
	if (ended)
		rs_leave(load);
	return status;
}
