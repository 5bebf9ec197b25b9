/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the functions of needs.c are declared. 6.10 put execmem_alloc in module_alloc's place. */
#ifndef RINGSIDE_SPACE_FUNCTIONS_H
#define RINGSIDE_SPACE_FUNCTIONS_H

#include <linux/module.h>
#include <linux/moduleloader.h>
#include <linux/version.h>
#include <asm/set_memory.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include <linux/execmem.h>
#define RINGSIDE_EXECMEM
#endif

#endif
