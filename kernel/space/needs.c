// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the module takes unexported symbols for (kernel/base/needs.mk). */
#include "kernel/space/functions.h"

struct ringside_needs {
	typeof(set_memory_ro) *set_memory_ro;
	typeof(set_memory_x) *set_memory_x;
	typeof(modules_disabled) *modules_disabled;
#ifdef RINGSIDE_EXECMEM
	typeof(execmem_alloc) *execmem_alloc;
	typeof(execmem_free) *execmem_free;
#else
	typeof(module_alloc) *module_alloc;
	typeof(module_memfree) *module_memfree;
#endif
} ringside_needs;
