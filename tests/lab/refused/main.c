// SPDX-License-Identifier: GPL-2.0
/*
 * A module for tests that must not be bound: it refers to functions that the kernel does not export
 * and that are not what it takes them for. Nothing calls them.
 */
#include <linux/kallsyms.h>

#include "functions.h"

static const void *const functions[] __used = {
	copy_module_elf, do_mkdirat,	   dummy_handler,
	hv_ghcb_hv_call, kallsyms_lookup_name, ringside_no_such_function,
	start_kernel,	 entry_SYSCALL_64,
};

MODULE_DESCRIPTION("Must not be bound (a test of Ringside)");
MODULE_LICENSE("GPL");
