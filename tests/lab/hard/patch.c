// SPDX-License-Identifier: LGPL-2.1-or-later
/* A livepatch of ringside_hard: ringside_hard_step() gives 7 while it is enabled. */
#include <linux/livepatch.h>
#include <linux/module.h>

static int step(int value)
{
	return 7;
}

static struct klp_func functions[] = {
	{ .old_name = "ringside_hard_step", .new_func = step },
	{},
};

static struct klp_object objects[] = {
	{ .name = "ringside_hard", .funcs = functions },
	{},
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init start(void)
{
	return klp_enable_patch(&patch);
}

static void __exit stop(void)
{
}

module_init(start);
module_exit(stop);

MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Ringside's tests: a livepatch");
MODULE_LICENSE("GPL");
