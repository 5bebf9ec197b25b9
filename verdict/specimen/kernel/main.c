// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/specimen: open, write the bytes, read the digest. Each open file has a digest of its own;
 * its calls take turns. A write takes at most a page at once, so that nothing is held for long, and
 * may be killed in between.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kernel/bridge.h"

struct opened {
	struct mutex turn;
	struct specimen_digest digest;
	unsigned char bytes[PAGE_SIZE];
};

static int specimen_open(struct inode *inode, struct file *file)
{
	struct opened *opened = kmalloc(sizeof(*opened), GFP_KERNEL_ACCOUNT);

	if (!opened)
		return -ENOMEM;
	mutex_init(&opened->turn);
	specimen_start(&opened->digest);
	file->private_data = opened;
	return stream_open(inode, file);
}

static int specimen_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t take(struct opened *opened, const char __user *from, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t now = min(size - done, sizeof(opened->bytes));

		if (copy_from_user(opened->bytes, from + done, now))
			return done ? done : -EFAULT;
		specimen_feed(&opened->digest, opened->bytes, now);
		done += now;
		if (fatal_signal_pending(current))
			return done;
		cond_resched();
	}
	return done;
}

static ssize_t specimen_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	struct opened *opened = file->private_data;
	ssize_t taken;

	if (mutex_lock_killable(&opened->turn))
		return -EINTR;
	taken = take(opened, from, size);
	mutex_unlock(&opened->turn);
	return taken;
}

static ssize_t specimen_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	struct opened *opened = file->private_data;
	char text[16];

	if (size < sizeof(text))
		return -EINVAL;
	if (mutex_lock_killable(&opened->turn))
		return -EINTR;
	specimen_text(&opened->digest, text);
	mutex_unlock(&opened->turn);
	return copy_to_user(to, text, sizeof(text)) ? -EFAULT : sizeof(text);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = specimen_open,
	.release = specimen_release,
	.write = specimen_write,
	.read = specimen_read,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "specimen",
	.fops = &operations,
	.mode = 0600,
};

module_misc_device(device);
MODULE_DESCRIPTION("The service specimen in the kernel");
MODULE_LICENSE("GPL");
