// SPDX-License-Identifier: GPL-2.0
/*
 * A module for tests that calls functions which the kernel does not export: it finds itself, its
 * symbols, and a page that may be executed. Loads only where `bind` gives it their addresses.
 */
#include "functions.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define execmem_alloc(type, size) module_alloc(size)
#define execmem_free(memory) module_memfree(memory)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
static int count_symbol(void *count, const char *name, unsigned long address)
#else
static int count_symbol(void *count, const char *name, struct module *module, unsigned long address)
#endif
{
	++*(unsigned int *)count;
	return 0;
}

static unsigned int count_symbols(void)
{
	unsigned int count = 0;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	module_kallsyms_on_each_symbol(KBUILD_MODNAME, count_symbol, &count);
#else
	module_kallsyms_on_each_symbol(count_symbol, &count);
#endif
	return count;
}

/* Freeing it resets the permissions. */
static int take_page(void)
{
	void *page = execmem_alloc(EXECMEM_DEFAULT, PAGE_SIZE);
	int error;

	if (!page)
		return -ENOMEM;
	error = set_memory_ro((unsigned long)page, 1);
	if (!error)
		error = set_memory_x((unsigned long)page, 1);
	execmem_free(page);
	return error;
}

/* The list of modules is walked under RCU, as 6.1 has it: with preemption off. */
static bool is_listed(void)
{
	bool found;

	preempt_disable();
	found = find_module_all(KBUILD_MODNAME, strlen(KBUILD_MODNAME), true) == THIS_MODULE;
	preempt_enable();
	return found;
}

static int __init unexported_init(void)
{
	if (!is_listed())
		return -ENOENT;
	if (count_symbols() == 0)
		return -ESRCH;
	return take_page();
}

static void __exit unexported_exit(void)
{
}

module_init(unexported_init);
module_exit(unexported_exit);
MODULE_DESCRIPTION("Calls functions that are not exported (a test of Ringside)");
MODULE_LICENSE("GPL");
