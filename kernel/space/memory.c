// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory as modules get it, by the kernel's own functions for them (needs.c). Freeing it takes its
 * permissions back. A mapping to user space is not offered: it would stay writable after the seal.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "kernel/space/functions.h"
#include "kernel/space/space.h"

static void *get(u32 part, size_t bytes)
{
#ifdef RINGSIDE_EXECMEM
	return execmem_alloc(part == RS_SPACE_TEXT ? EXECMEM_MODULE_TEXT : EXECMEM_MODULE_DATA,
			     bytes);
#else
	return module_alloc(bytes);
#endif
}

static void put(void *memory)
{
#ifdef RINGSIDE_EXECMEM
	execmem_free(memory);
#else
	module_memfree(memory);
#endif
}

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

void rs_memory_free(struct rs_part parts[RS_SPACE_PARTS])
{
	u32 which;

	for (which = 0; which < RS_SPACE_PARTS; which++) {
		if (parts[which].memory)
			put(parts[which].memory);
		parts[which].memory = NULL;
	}
}
