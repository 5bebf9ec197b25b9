// SPDX-License-Identifier: LGPL-2.1-or-later
/* debugfs: values and a text for developers. Nobody may rely on it, and no error of it matters. */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static struct dentry *folder;
static u32 level = 3;

static int state_show(struct seq_file *seq, void *nothing)
{
	seq_printf(seq, "level %u\n", READ_ONCE(level));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

static int __init begin(void)
{
	folder = debugfs_create_dir("example", NULL);
	debugfs_create_u32("level", 0600, folder, &level);
	debugfs_create_file("state", 0400, folder, NULL, &state_fops);
	return 0;
}

static void __exit end(void)
{
	debugfs_remove(folder); /* with all that is in it */
}
module_init(begin);
module_exit(end);
MODULE_DESCRIPTION("debugfs, as small as it gets");
MODULE_LICENSE("GPL");
