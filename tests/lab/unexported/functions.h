/* SPDX-License-Identifier: GPL-2.0 */
/* The headers of the unexported functions that the module calls. */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleloader.h>
#include <linux/set_memory.h>
#include <linux/version.h>

/* kernel/module/internal.h is not among a package's headers. */
struct module *find_module_all(const char *name, size_t len, bool even_unformed);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include <linux/execmem.h>
#endif
