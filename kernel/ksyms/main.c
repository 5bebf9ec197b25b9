// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/ringside-ksyms (include/ringside/uapi/ksyms.h): takes a table, answers look-ups by the core
 * or by the kernel's own kallsyms. A call works through its records in chunks, so that it can be
 * killed and never holds the CPU for long.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/kallsyms.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kernel/base/call.h"
#include "kernel/base/running.h"
#include "kernel/ksyms/ksyms.h"

#define CHUNK 16

struct work {
	struct rs_scratch scratch;
	struct rs_ksyms_record records[CHUNK];
};

static void put_symbol(struct rs_ksyms_record *record, const struct rs_symbol *symbol)
{
	record->found = 1;
	record->type = symbol->type;
	record->symbol_address = symbol->address;
	record->symbol_size = symbol->size;
}

static void find_one(const struct rs_held *held, struct rs_ksyms_record *record, u32 op,
		     struct rs_scratch *scratch)
{
	struct rs_symbol symbol;

	if (!rs_held_find(held, record->address, &symbol, scratch))
		return;
	put_symbol(record, &symbol);
	if (op == RS_KSYMS_FORMAT) {
		record->length = rs_format(record->text, sizeof(record->text), &symbol,
					   record->address - symbol.address);
		return;
	}
	record->length = symbol.name_bytes;
	memcpy(record->text, symbol.name, symbol.name_bytes);
}

static void name_one(const struct rs_held *held, struct rs_ksyms_record *record,
		     struct rs_scratch *scratch)
{
	struct rs_bytes name = { (const u8 *)record->text, record->length };
	struct rs_symbol symbol;

	if (!rs_table_name(&held->table, name, record->nth, &symbol, scratch))
		return;
	if (symbol.address >= RS_KERNEL_BASE)
		symbol.address += held->kaslr_offset;
	put_symbol(record, &symbol);
}

static void stock_one(struct rs_ksyms_record *record)
{
	BUILD_BUG_ON(KSYM_SYMBOL_LEN > RS_KSYMS_TEXT_MAX);
	record->length = sprint_symbol(record->text, record->address);
	record->found = 1;
}

/* Answers one record in place; what the caller left in the outputs does not survive. Each has a
 * read-side section of its own: a name may take nth searches. */
static int answer(struct rs_ksyms_record *record, u32 op, struct rs_scratch *scratch)
{
	const struct rs_held *held;

	record->found = record->type = 0;
	record->symbol_address = record->symbol_size = 0;
	if (op != RS_KSYMS_NAME)
		record->length = 0;
	if (op == RS_KSYMS_STOCK) {
		stock_one(record);
		return 0;
	}
	rcu_read_lock();
	held = rs_held_get();
	if (held && op == RS_KSYMS_NAME)
		name_one(held, record, scratch);
	else if (held)
		find_one(held, record, op, scratch);
	rcu_read_unlock();
	return held ? 0 : -ENODATA;
}

static int answer_chunk(struct work *work, u32 count, struct rs_ksyms_lookup *lookup)
{
	u64 start = ktime_get_ns();
	int status = 0;
	u32 each;

	for (each = 0; each < count && !status; each++)
		status = answer(&work->records[each], lookup->op, &work->scratch);
	lookup->elapsed_ns += ktime_get_ns() - start;
	return status;
}

/* What the caller may set in a record; `nth` is bounded because each step is a search. */
static bool record_valid(const struct rs_ksyms_record *record, u32 op)
{
	if (memchr_inv(record->reserved, 0, sizeof(record->reserved)))
		return false;
	return op != RS_KSYMS_NAME ||
	       (record->length <= RS_KSYMS_TEXT_MAX && record->nth < RS_KSYMS_NTH_MAX);
}

static bool records_valid(const struct work *work, u32 count, u32 op)
{
	u32 each;

	for (each = 0; each < count; each++)
		if (!record_valid(&work->records[each], op))
			return false;
	return true;
}

static int do_chunk(struct work *work, struct rs_ksyms_lookup *lookup, u32 at)
{
	struct rs_ksyms_record __user *records = u64_to_user_ptr(lookup->records);
	u32 count = min_t(u32, lookup->count - at, CHUNK);
	int status;

	if (copy_from_user(work->records, records + at, count * sizeof(*records)))
		return -EFAULT;
	if (!records_valid(work, count, lookup->op))
		return -EINVAL;
	status = answer_chunk(work, count, lookup);
	if (status)
		return status;
	if (copy_to_user(records + at, work->records, count * sizeof(*records)))
		return -EFAULT;
	return 0;
}

static int do_lookup(struct rs_ksyms_lookup *lookup)
{
	struct work *work;
	int status = 0;
	u32 at;

	if (lookup->reserved || lookup->op > RS_KSYMS_NAME || lookup->count > RS_KSYMS_BATCH_MAX)
		return -EINVAL;
	work = kvmalloc(sizeof(*work), GFP_KERNEL);
	if (!work)
		return -ENOMEM;
	lookup->elapsed_ns = 0;
	for (at = 0; at < lookup->count && !status; at += CHUNK) {
		status = fatal_signal_pending(current) ? -EINTR : do_chunk(work, lookup, at);
		cond_resched();
	}
	kvfree(work);
	return status;
}

union call {
	struct rs_call_head head;
	struct rs_ksyms_take take;
	struct rs_ksyms_lookup lookup;
	struct rs_ksyms_status status;
};

static int do_call(unsigned int command, union call *call)
{
	switch (command) {
	case RS_KSYMS_IOC_TAKE:
		return rs_held_take(&call->take);
	case RS_KSYMS_IOC_LOOKUP:
		return do_lookup(&call->lookup);
	default:
		return rs_held_status(&call->status);
	}
}

static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	union call call;
	int status;

	if (command != RS_KSYMS_IOC_TAKE && command != RS_KSYMS_IOC_LOOKUP &&
	    command != RS_KSYMS_IOC_STATUS)
		return -ENOTTY;
	if (!capable(CAP_SYSLOG))
		return -EPERM;
	status = rs_call_in(&call.head, command, argument, RS_KSYMS_VERSION);
	if (!status)
		status = do_call(command, &call);
	if (status || command == RS_KSYMS_IOC_TAKE)
		return status;
	return rs_call_out(&call.head, command, argument);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = on_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringside-ksyms",
	.fops = &operations,
	.mode = 0600,
};

static int __init start(void)
{
	int status = rs_read_running();

	if (status)
		return status;
	status = rs_raw_start();
	if (status)
		return status;
	status = misc_register(&device);
	if (status)
		rs_raw_stop();
	return status;
}

static void __exit stop(void)
{
	misc_deregister(&device);
	rs_raw_stop();
	rs_held_drop();
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside: kernel addresses to symbols from a compact table");
MODULE_LICENSE("GPL");
