// SPDX-License-Identifier: GPL-2.0
/* What the module takes them for (kernel/base/needs.mk). */
#include "functions.h"

struct ringside_needs {
	typeof(find_module_all) *find_module_all;
	typeof(module_kallsyms_on_each_symbol) *module_kallsyms_on_each_symbol;
	typeof(set_memory_ro) *set_memory_ro;
	typeof(set_memory_x) *set_memory_x;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	typeof(execmem_alloc) *execmem_alloc;
	typeof(execmem_free) *execmem_free;
#else
	typeof(module_alloc) *module_alloc;
	typeof(module_memfree) *module_memfree;
#endif
} ringside_needs;
