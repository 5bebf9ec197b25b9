// SPDX-License-Identifier: LGPL-2.1-or-later
/* procfs: a text of many lines, made while it is read. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define LINES 1000

/* An element by its position: a reader may come back to any, and to one that did not fit. */
static void *start(struct seq_file *seq, loff_t *position)
{
	return *position < LINES ? position : NULL;
}

static void *next(struct seq_file *seq, void *element, loff_t *position)
{
	++*position; /* even at the end */
	return start(seq, position);
}

static void stop(struct seq_file *seq, void *element)
{
}

static int show(struct seq_file *seq, void *element)
{
	seq_printf(seq, "line %lld\n", *(loff_t *)element);
	return 0;
}

static const struct seq_operations operations = {
	.start = start, .next = next, .stop = stop, .show = show
};

static int __init begin(void)
{
	return proc_create_seq("example", 0400, NULL, &operations) ? 0 : -ENOMEM;
}

static void __exit end(void)
{
	remove_proc_entry("example", NULL); /* waits for those who read */
}
module_init(begin);
module_exit(end);
MODULE_DESCRIPTION("procfs, as small as it gets");
MODULE_LICENSE("GPL");
