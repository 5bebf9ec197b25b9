// SPDX-License-Identifier: LGPL-2.1-or-later
/* debugfs: ringside-channel/message, of which a read or write is one message, and
 * ringside-channel/value, one line; relay.c puts files of its own there. */
#include <linux/debugfs.h>

#include "kernel/channels/channels.h"

static struct dentry *folder;
static u64 value;

static ssize_t on_read(struct file *file, char __user *to, size_t room, loff_t *place)
{
	return rs_session_read(file->private_data, to, room);
}

static ssize_t on_write(struct file *file, const char __user *from, size_t bytes, loff_t *place)
{
	return rs_session_write(file->private_data, from, bytes);
}

static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return rs_session_ioctl(file->private_data, command, argument);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = rs_session_file_open,
	.release = rs_session_file_release,
	.read = on_read,
	.write = on_write,
	.unlocked_ioctl = on_ioctl,
};

/* No debugfs is no error of ours (Documentation/filesystems/debugfs.rst). */
int rs_debug_start(void)
{
	folder = debugfs_create_dir("ringside-channel", NULL);
	debugfs_create_file("message", 0600, folder, NULL, &operations);
	debugfs_create_u64("value", 0600, folder, &value);
	return 0;
}

struct dentry *rs_debug_folder(void)
{
	return folder;
}

void rs_debug_stop(void)
{
	debugfs_remove(folder);
}
