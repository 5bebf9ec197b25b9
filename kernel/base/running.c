// SPDX-License-Identifier: LGPL-2.1-or-later
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "kernel/base/running.h"

#define KASLR_ALIGN (2ull << 20) /* CONFIG_PHYSICAL_ALIGN's least on x86-64 */
#define KASLR_MAX (1ull << 30)   /* CONFIG_RANDOMIZE_BASE moves within 1 GiB */

struct rs_running rs_running;

int rs_read_running(void)
{
	struct rs_bytes notes, id;
	struct file *file;
	loff_t place = 0;
	ssize_t size;
	void *text;

	text = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	file = filp_open("/sys/kernel/notes", O_RDONLY, 0);
	size = IS_ERR(file) ? PTR_ERR(file) : kernel_read(file, text, PAGE_SIZE, &place);
	if (!IS_ERR(file))
		filp_close(file, NULL);
	if (size > 0) {
		notes = (struct rs_bytes){ text, size };
		id = rs_build_id_of_notes(notes);
		rs_running.id_bytes = min_t(u32, id.size, sizeof(rs_running.id));
		memcpy(rs_running.id, id.data, rs_running.id_bytes);
	}
	kfree(text);
	if (!rs_running.id_bytes)
		pr_err("no build-id in /sys/kernel/notes\n");
	return rs_running.id_bytes ? 0 : -ENODATA;
}

bool rs_is_running(struct rs_bytes id)
{
	return id.size == rs_running.id_bytes && !memcmp(id.data, rs_running.id, id.size);
}

/* By a function that every kernel exports. */
static bool find_offset(const struct rs_table *table, struct rs_scratch *scratch, u64 *offset)
{
	static const char known[] = "kfree";
	struct rs_bytes name = { (const u8 *)known, sizeof(known) - 1 };
	struct rs_symbol symbol;

	if (!rs_table_name(table, name, 0, &symbol, scratch))
		return false;
	*offset = (u64)(unsigned long)&kfree - symbol.address;
	return *offset < KASLR_MAX && !(*offset & (KASLR_ALIGN - 1));
}

int rs_refuse(const char *what, const struct rs_refusal *why)
{
	pr_info_ratelimited("%s refused: %s in %s at %llu (%llu, not %llu)\n", what, why->what,
			    why->part, why->at, why->expected, why->found);
	return -EBADMSG;
}

/* A hostile block costs at most some 12,000 steps, so no CPU is held for long. */
static int check_blocks(const struct rs_table *table, struct rs_scratch *scratch)
{
	u32 block, count = rs_table_blocks(table);
	struct rs_refusal why;

	for (block = 0; block < count; block++) {
		if (!rs_table_check(table, block, scratch, &why))
			return rs_refuse("table", &why);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

int rs_check_table(struct rs_table *table, struct rs_bytes bytes, struct rs_scratch *scratch)
{
	struct rs_refusal why;

	if (!rs_table_start(table, bytes, &why))
		return rs_refuse("table", &why);
	return check_blocks(table, scratch);
}

int rs_check_symbols(struct rs_table *table, struct rs_bytes bytes, struct rs_scratch *scratch,
		     u64 *offset)
{
	int status = rs_check_table(table, bytes, scratch);

	if (status)
		return status;
	if (!rs_is_running(rs_table_build_id(table)))
		return -EXDEV;
	return find_offset(table, scratch, offset) ? 0 : -EBADMSG;
}
