// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is not licensed like the kernel, and needs nothing but what such modules may have. */
#include <linux/module.h>

int ringside_hard_step(int value);

static int __init start(void)
{
	return ringside_hard_step(1) == 2 ? 0 : -EINVAL;
}

static void __exit stop(void)
{
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside's tests: a module that is not under the GPL");
MODULE_LICENSE("Proprietary");
