// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table in use. It is copied from user space once, checked whole by the core in that copy,
 * bound to the running kernel by build-id, and then only read. A new table replaces it under RCU,
 * so look-ups, also those of a dying task, take no lock.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kernel/ksyms/ksyms.h"

#define KASLR_ALIGN (2ull << 20) /* CONFIG_PHYSICAL_ALIGN's least on x86-64 */
#define KASLR_MAX (1ull << 30)   /* CONFIG_RANDOMIZE_BASE moves within 1 GiB */

static struct rs_held __rcu *held;
static DEFINE_MUTEX(held_lock);
static DEFINE_MUTEX(take_lock); /* one new table at a time: no more memory than two tables */
static u8 running_id[RS_KSYMS_BUILD_ID_MAX];
static u32 running_id_bytes;

int rs_read_running_build_id(void)
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
		running_id_bytes = min_t(u32, id.size, sizeof(running_id));
		memcpy(running_id, id.data, running_id_bytes);
	}
	kfree(text);
	if (!running_id_bytes)
		pr_err("ringside-ksyms: no build-id in /sys/kernel/notes\n");
	return running_id_bytes ? 0 : -ENODATA;
}

static void free_pages_of(struct rs_held *old)
{
	u32 each;

	for (each = 0; old->pages && each < old->page_count; each++)
		if (old->pages[each])
			__free_page(old->pages[each]);
	kvfree(old->pages);
}

static void free_held(struct rs_held *old)
{
	if (!old)
		return;
	vunmap(old->bytes);
	free_pages_of(old);
	kfree(old);
}

static bool same_build(const struct rs_table *table)
{
	struct rs_bytes id = rs_table_build_id(table);

	return id.size == running_id_bytes && !memcmp(id.data, running_id, id.size);
}

/* How far the kernel runs above its link address: by a function that every kernel exports. */
static bool find_offset(struct rs_held *new, struct rs_scratch *scratch)
{
	static const char known[] = "kfree";
	struct rs_bytes name = { (const u8 *)known, sizeof(known) - 1 };
	struct rs_symbol symbol;

	if (!rs_table_name(&new->table, name, 0, &symbol, scratch))
		return false;
	new->kaslr_offset = (u64)(unsigned long)&kfree - symbol.address;
	return new->kaslr_offset < KASLR_MAX && !(new->kaslr_offset & (KASLR_ALIGN - 1));
}

static int refuse(const struct rs_refusal *why)
{
	pr_info_ratelimited("ringside-ksyms: table refused: %s in %s at %llu (%llu, not %llu)\n",
			    why->what, why->part, why->at, why->expected, why->found);
	return -EBADMSG;
}

/* A hostile block costs at most some 12,000 steps, so no CPU is held for long. */
static int check_blocks(struct rs_held *new, struct rs_scratch *scratch)
{
	u32 block, count = rs_table_blocks(&new->table);
	struct rs_refusal why;

	for (block = 0; block < count; block++) {
		if (!rs_table_check(&new->table, block, scratch, &why))
			return refuse(&why);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static int check(struct rs_held *new, struct rs_scratch *scratch)
{
	struct rs_bytes bytes = { new->bytes, new->size };
	struct rs_refusal why;
	int status;

	if (!rs_table_start(&new->table, bytes, &why))
		return refuse(&why);
	if (!same_build(&new->table))
		return -EXDEV;
	status = check_blocks(new, scratch);
	if (status)
		return status;
	return find_offset(new, scratch) ? 0 : -EBADMSG;
}

static int take_page(struct rs_held *new, u32 each, const u8 __user *from)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT);

	if (!page)
		return -ENOMEM;
	new->pages[each] = page;
	if (copy_from_user(page_address(page), from,
			   min_t(u64, new->size - each * PAGE_SIZE, PAGE_SIZE)))
		return -EFAULT;
	return 0;
}

/* The copy is mapped read-only: a stray write faults rather than misleads a dying kernel. */
static int copy_in(struct rs_held *new, const struct rs_ksyms_take *take)
{
	const u8 __user *from = u64_to_user_ptr(take->table);
	int status = 0;
	u32 each;

	new->size = take->table_bytes;
	new->page_count = DIV_ROUND_UP(new->size, PAGE_SIZE);
	new->pages = kvcalloc(new->page_count, sizeof(*new->pages), GFP_KERNEL_ACCOUNT);
	if (!new->pages)
		return -ENOMEM;
	for (each = 0; each < new->page_count && !status; each++)
		status = take_page(new, each, from + each * PAGE_SIZE);
	if (status)
		return status;
	new->bytes = vmap(new->pages, new->page_count, VM_MAP, PAGE_KERNEL_RO);
	return new->bytes ? 0 : -ENOMEM;
}

static int copy_and_check(struct rs_held *new, const struct rs_ksyms_take *take)
{
	struct rs_scratch *scratch;
	int status = copy_in(new, take);

	if (status)
		return status;
	scratch = kmalloc(sizeof(*scratch), GFP_KERNEL);
	if (!scratch)
		return -ENOMEM;
	status = check(new, scratch);
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
		.build_id_bytes = running_id_bytes,
	};
	memcpy(status->build_id, running_id, running_id_bytes);
	rcu_read_lock();
	now = rs_held_get();
	if (now) {
		status->table_bytes = now->size;
		status->symbols = rs_table_symbols(&now->table);
		status->kaslr_offset = now->kaslr_offset;
	}
	rcu_read_unlock();
	return 0;
}

bool rs_held_find(const struct rs_held *now, u64 address, struct rs_symbol *symbol,
		  struct rs_scratch *scratch)
{
	if (address < KERNEL_BASE + now->kaslr_offset)
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
