// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory as modules get it. The functions that give it, and those that change what it may be used
 * for, are not exported: user space binds them by plain calls, after comparing their prototypes
 * with the kernel's BTF. A mapping to user space is not offered: one would stay writable after the
 * seal.
 */
#include <linux/mm.h>
#include <linux/moduleloader.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/version.h>
#include <asm/set_memory.h>

#include "kernel/space/space.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include <linux/execmem.h>

static void *get(u32 part, size_t bytes)
{
	return execmem_alloc(part == RS_SPACE_TEXT ? EXECMEM_MODULE_TEXT : EXECMEM_MODULE_DATA,
			     bytes);
}

static void put(void *memory)
{
	execmem_free(memory);
}
#else
static void *get(u32 part, size_t bytes)
{
	return module_alloc(bytes);
}

static void put(void *memory)
{
	module_memfree(memory);
}
#endif

static int pages_of(const struct rs_part *part)
{
	return PAGE_ALIGN(part->bytes) >> PAGE_SHIFT;
}

/* Filled with what faults at once where nothing was put: int3 in text, zeroes elsewhere. */
static int allocate_part(struct rs_part *part, u32 which)
{
	size_t bytes = PAGE_ALIGN(part->bytes);

	if (!bytes)
		return 0;
	part->memory = get(which, bytes);
	if (!part->memory)
		return -ENOMEM;
	memset(part->memory, which == RS_SPACE_TEXT ? 0xcc : 0, bytes);
	return 0;
}

int rs_memory_allocate(struct rs_part parts[RS_SPACE_PARTS])
{
	int status = 0;
	u32 which;

	for (which = 0; which < RS_SPACE_PARTS && !status; which++)
		status = allocate_part(&parts[which], which);
	if (status)
		rs_memory_free(parts);
	return status;
}

static int protect(const struct rs_part *part)
{
	return part->memory ? set_memory_ro((unsigned long)part->memory, pages_of(part)) : 0;
}

int rs_memory_seal(struct rs_part parts[RS_SPACE_PARTS])
{
	struct rs_part *text = &parts[RS_SPACE_TEXT];
	int status = protect(&parts[RS_SPACE_RODATA]);

	if (!status)
		status = protect(text);
	if (!status)
		status = set_memory_x((unsigned long)text->memory, pages_of(text));
	return status;
}

/* Writable again before it goes back, in the kernel's direct map, too. What cannot be made so is
 * lost: better than pages that fault whoever gets them next. */
static void free_part(struct rs_part *part)
{
	unsigned long start = (unsigned long)part->memory;

	if (!part->memory)
		return;
	if (!set_memory_nx(start, pages_of(part)) && !set_memory_rw(start, pages_of(part)))
		put(part->memory);
	part->memory = NULL;
}

void rs_memory_free(struct rs_part parts[RS_SPACE_PARTS])
{
	u32 which;

	for (which = 0; which < RS_SPACE_PARTS; which++)
		free_part(&parts[which]);
}
