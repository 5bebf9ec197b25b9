/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* read(2) and write(2) of a device that gives memory of the kernel away: the whole range is checked
 * before any of it is moved, in chunks of one buffer. User memory is touched without the device's
 * locks: a page of the user's that takes for ever holds nobody up. */
#ifndef RINGSIDE_TRANSFER_H
#define RINGSIDE_TRANSFER_H

#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define RS_TRANSFER_CHUNK 65536u

struct rs_transfer {
	/* Whether all of [at, at + size) may be moved: 0 or -errno. */
	int (*check)(void *object, loff_t at, size_t size, bool writing);
	/* Moves a part of it between the object and `buffer`, checked anew; takes its own locks. */
	int (*move)(void *object, loff_t at, void *buffer, size_t size, bool writing);
};

/* One of `to` and `from` is NULL. */
static inline int rs_transfer_chunk(const struct rs_transfer *by, void *object, char __user *to,
				    const char __user *from, size_t size, loff_t at, void *buffer)
{
	int status;

	if (from && copy_from_user(buffer, from, size))
		return -EFAULT;
	status = by->move(object, at, buffer, size, from);
	if (!status && to && copy_to_user(to, buffer, size))
		return -EFAULT;
	return status;
}

static inline int rs_transfer_chunks(const struct rs_transfer *by, void *object, char __user *to,
				     const char __user *from, size_t size, loff_t at, void *buffer)
{
	size_t done, some;
	int status = 0;

	for (done = 0; done < size && !status; done += some) {
		some = min_t(size_t, size - done, RS_TRANSFER_CHUNK);
		status = rs_transfer_chunk(by, object, to ? to + done : NULL,
					   from ? from + done : NULL, some, at + done, buffer);
		if (!status && fatal_signal_pending(current))
			status = -EINTR;
	}
	return status;
}

static inline ssize_t rs_transfer(const struct rs_transfer *by, void *object, char __user *to,
				  const char __user *from, size_t size, loff_t *at)
{
	int status = size ? by->check(object, *at, size, from) : 0;
	void *buffer;

	if (status || !size)
		return status;
	buffer = kvmalloc(min_t(size_t, size, RS_TRANSFER_CHUNK), GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	status = rs_transfer_chunks(by, object, to, from, size, *at, buffer);
	kvfree(buffer);
	if (status)
		return status;
	*at += size;
	return size;
}

#endif
