// SPDX-License-Identifier: LGPL-2.1-or-later
/* relay: records to a buffer of each CPU, from anywhere, read from debugfs; a full one drops. */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/relay.h>
#include <linux/timer.h>

#define BYTES 65536 /* of a sub-buffer */
#define COUNT 4

static struct dentry *folder;
static struct rchan *records;
static struct timer_list timer;

static struct dentry *create_file(const char *name, struct dentry *parent, umode_t mode,
				  struct rchan_buf *buffer, int *is_global)
{
	return debugfs_create_file(name, 0400, parent, buffer, &relay_file_operations);
}

static int remove_file(struct dentry *file)
{
	debugfs_remove(file);
	return 0;
}

/* Without this one relay writes over the oldest. */
static int begin_subbuf(struct rchan_buf *buffer, void *subbuf, void *previous, size_t padding)
{
	return !relay_buf_full(buffer);
}

static const struct rchan_callbacks callbacks = {
	.create_buf_file = create_file,
	.remove_buf_file = remove_file,
	.subbuf_start = begin_subbuf,
};

/* In an interrupt: relay_write() takes none of its own locks, and turns interrupts off. */
static void on_timer(struct timer_list *which)
{
	u64 record = jiffies;

	relay_write(records, &record, sizeof(record));
	mod_timer(&timer, jiffies + HZ / 10);
}

static int __init begin(void)
{
	folder = debugfs_create_dir("example-relay", NULL);
	records = relay_open("cpu", folder, BYTES, COUNT, &callbacks, NULL);
	if (!records) {
		debugfs_remove(folder);
		return -ENOMEM;
	}
	timer_setup(&timer, on_timer, 0);
	mod_timer(&timer, jiffies + 1);
	return 0;
}

static void __exit end(void)
{
	timer_shutdown_sync(&timer); /* before what it writes to goes */
	relay_close(records);
	debugfs_remove(folder);
}
module_init(begin);
module_exit(end);
MODULE_DESCRIPTION("relay, as small as it gets");
MODULE_LICENSE("GPL");
