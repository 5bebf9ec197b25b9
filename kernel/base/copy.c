// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kernel/base/copy.h"

static int take_page(struct rs_copy *copy, u32 each, const u8 __user *from)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT);

	if (!page)
		return -ENOMEM;
	copy->pages[each] = page;
	if (copy_from_user(page_address(page), from,
			   min_t(u64, copy->size - (u64)each * PAGE_SIZE, PAGE_SIZE)))
		return -EFAULT;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

int rs_copy_take(struct rs_copy *copy, u64 from, u64 size)
{
	const u8 __user *bytes = u64_to_user_ptr(from);
	int status = 0;
	u32 each;

	copy->size = size;
	copy->page_count = DIV_ROUND_UP(size, PAGE_SIZE);
	copy->pages = kvcalloc(copy->page_count, sizeof(*copy->pages), GFP_KERNEL_ACCOUNT);
	if (!copy->pages)
		return -ENOMEM;
	for (each = 0; each < copy->page_count && !status; each++)
		status = take_page(copy, each, bytes + (u64)each * PAGE_SIZE);
	if (status)
		return status;
	copy->bytes = vmap(copy->pages, copy->page_count, VM_MAP, PAGE_KERNEL_RO);
	return copy->bytes ? 0 : -ENOMEM;
}

void rs_copy_free(struct rs_copy *copy)
{
	u32 each;

	vunmap(copy->bytes);
	for (each = 0; copy->pages && each < copy->page_count; each++)
		if (copy->pages[each])
			__free_page(copy->pages[each]);
	kvfree(copy->pages);
}
