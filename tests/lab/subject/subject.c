// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What tests/modules breaks, second half: a module with one of everything that a linker looks at:
 * symbols of the kernel and of another module, plain, for GPL only, in a namespace, weak; exports,
 * parameters, per-CPU data. Loading it does nothing.
 */
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/percpu.h>

int ringside_provide(int value);
int ringside_provide_gpl(int value);
int ringside_provide_spaced(int value);
int __weak ringside_nowhere(int value);
int ringside_subject(int value);

static int level;
module_param(level, int, 0444);
static int depth;
module_param(depth, int, 0444);
static DEFINE_PER_CPU(long, calls);
static char room[64];

int ringside_subject(int value)
{
	this_cpu_inc(calls);
	room[value & 63]++;
	return ringside_provide(value) + ringside_provide_gpl(value) +
	       ringside_provide_spaced(value);
}
EXPORT_SYMBOL(ringside_subject);

static int __init start(void)
{
	if (level == 1) /* nobody sets it: what follows need only be bound */
		return ringside_nowhere(ringside_subject(level));
	if (level == 2)
		kobject_put(kobject_create_and_add("ringside", kernel_kobj)); /* for GPL only */
	return 0;
}
module_init(start);

static void __exit stop(void)
{
}
module_exit(stop);

MODULE_IMPORT_NS(RINGSIDE_TEST);
MODULE_DESCRIPTION("subject of the module linker's tests");
MODULE_LICENSE("GPL");
