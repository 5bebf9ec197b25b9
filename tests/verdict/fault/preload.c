// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Has a function of a service fail in user space, for the verdict's blast radius; never installed.
 * Preloaded (LD_PRELOAD), it looks for the program RINGSIDE_FAULT_PROGRAM: there the function at
 * RINGSIDE_FAULT_AT, an offset in the program's file in hexadecimal, jumps to the fault
 * RINGSIDE_FAULT (faults.h). Other programs stay as they are.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROOM() malloc(1u << 20)
#include "faults.h"

static long fail(void)
{
	return fault(getenv("RINGSIDE_FAULT"));
}

/* The program itself comes first. */
static int base_of(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(unsigned long *)base = info->dlpi_addr;
	return 1;
}

__attribute__((constructor)) static void arm(void)
{
	static const unsigned char jump[] = {0x49, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x41, 0xff, 0xe3};
	const char *program = getenv("RINGSIDE_FAULT_PROGRAM");
	const char *at = getenv("RINGSIDE_FAULT_AT");
	unsigned long base = 0, target = (unsigned long)fail;
	unsigned char *entry;

	if (!at || !program || strcmp(program_invocation_short_name, program) != 0)
		return;
	dl_iterate_phdr(base_of, &base);
	entry = (unsigned char *)base + strtoul(at, NULL, 16);
	if (mprotect((void *)((unsigned long)entry & ~4095ul), 8192,
		     PROT_READ | PROT_WRITE | PROT_EXEC))
		abort();
	memcpy(entry, jump, sizeof(jump));
	memcpy(entry + 2, &target, sizeof(target));
}
