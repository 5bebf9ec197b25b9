/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of a structure through an ioctl of ours: in, with its size and version checked, and out
 * again. Every ABI header under include/ringside/uapi begins its structures alike. */
#ifndef RINGSIDE_CALL_H
#define RINGSIDE_CALL_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct rs_call_head {
	u32 size, version;
};

/* Copies the structure of `command` to `call`, which has room for it. */
static inline int rs_call_in(struct rs_call_head *call, unsigned int command,
			     unsigned long argument, u32 version)
{
	u32 size = _IOC_SIZE(command);

	if (copy_from_user(call, (void __user *)argument, size))
		return -EFAULT;
	return call->size == size && call->version == version ? 0 : -EINVAL;
}

static inline int rs_call_out(const struct rs_call_head *call, unsigned int command,
			      unsigned long argument)
{
	return copy_to_user((void __user *)argument, call, _IOC_SIZE(command)) ? -EFAULT : 0;
}

#endif
