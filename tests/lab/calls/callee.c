// SPDX-License-Identifier: LGPL-2.1-or-later
/* The function of another module that ringside_caller calls. Its body is noop_fsync's. */
#include <linux/module.h>

int ringside_callee(struct file *file, loff_t start, loff_t end, int datasync);

noinline int ringside_callee(struct file *file, loff_t start, loff_t end, int datasync)
{
	return 0;
}
EXPORT_SYMBOL_GPL(ringside_callee);

MODULE_DESCRIPTION("what is called by ringside_caller");
MODULE_LICENSE("GPL");
