// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The file that the text is read from. The caller's open descriptor is all the right there is: it
 * must be open for reading, and the checks of a read (security hooks, limits) are made for each
 * read, in kernel_read() or by rw_verify_area().
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/stat.h>
#include <linux/uaccess.h>

#include "kernel/html/html.h"

/*
 * A source is held by our file, so our file must not be reachable from it, or neither would ever be
 * released: no device of ours, and no socket, in which a descriptor of ours may be on its way.
 */
static bool can_be_source(const struct file *file, const struct file_operations *own)
{
	umode_t mode = file_inode(file)->i_mode;

	return file->f_op != own && !S_ISSOCK(mode) && !S_ISDIR(mode) &&
	       (file->f_op->read_iter || file->f_op->read);
}

struct file *rs_source_get(int fd, const struct file_operations *own)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (!(file->f_mode & FMODE_READ) || !can_be_source(file, own)) {
		int status = file->f_mode & FMODE_READ ? -EINVAL : -EBADF;

		fput(file);
		return ERR_PTR(status);
	}
	return file;
}

bool rs_source_regular(const struct file *source)
{
	return S_ISREG(file_inode(source)->i_mode);
}

static ssize_t read_by_bounce(struct file *source, void *slice, size_t bytes, loff_t *place,
			      char __user *bounce)
{
	ssize_t size = rw_verify_area(READ, source, place, bytes);

	if (size)
		return size;
	if (!access_ok(bounce, bytes))
		return -EFAULT;
	size = source->f_op->read(source, bounce, bytes, place);
	if (size > (ssize_t)bytes)
		return -EIO;
	if (size > 0 && copy_from_user(slice, bounce, size))
		return -EFAULT;
	return size;
}

ssize_t rs_source_read(struct file *source, void *slice, size_t bytes, loff_t *place,
		       char __user *bounce, size_t bounce_bytes)
{
	if (source->f_op->read)
		return read_by_bounce(source, slice, min(bytes, bounce_bytes), place, bounce);
	return kernel_read(source, slice, bytes, place);
}
