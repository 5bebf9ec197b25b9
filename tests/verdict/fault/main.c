// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Has a function of a service fail in the kernel, for the verdict's blast radius; never installed.
 * `at` is the address of its entry; while `armed`, whoever calls it runs into the fault of that
 * name (faults.h) in its place, in the caller's context.
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#define ROOM() vmalloc(1u << 20)
#include "faults.h"

static unsigned long at;
module_param(at, ulong, 0400);
static char *name = "none";
module_param_named(fault, name, charp, 0400);
static bool armed = true;
module_param(armed, bool, 0600);

static long fail(void)
{
	return fault(name);
}

static void on_entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
		     struct ftrace_regs *registers)
{
	if (READ_ONCE(armed))
		ftrace_get_regs(registers)->ip = (unsigned long)fail;
}

static struct ftrace_ops hook = {
	.func = on_entry,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS,
};

static int __init fault_init(void)
{
	int status = ftrace_set_filter_ip(&hook, at, 0, 0);

	return status ? status : register_ftrace_function(&hook);
}

static void __exit fault_exit(void)
{
	unregister_ftrace_function(&hook);
	ftrace_set_filter_ip(&hook, at, 1, 0);
}

module_init(fault_init);
module_exit(fault_exit);
MODULE_DESCRIPTION("Faults in place of a function, for tests");
MODULE_LICENSE("GPL");
