// SPDX-License-Identifier: GPL-2.0
/* All but kallsyms_lookup_name, which is not declared on purpose. */
#include "functions.h"

struct ringside_needs {
	typeof(copy_module_elf) *copy_module_elf;
	typeof(do_mkdirat) *do_mkdirat;
	typeof(dummy_handler) *dummy_handler;
	typeof(hv_ghcb_hv_call) *hv_ghcb_hv_call;
	typeof(ringside_no_such_function) *ringside_no_such_function;
	typeof(start_kernel) *start_kernel; /* __init */
	typeof(entry_SYSCALL_64) *entry_SYSCALL_64; /* assembly: no BTF */
} ringside_needs;
