/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of a structure through an ioctl of ours: in, with its size and version checked, and out
 * again. Every ABI header under include/ringside/uapi begins its structures alike. */
#ifndef RINGSIDE_CALL_H
#define RINGSIDE_CALL_H

#include <linux/ioctl.h>

#include "kernel/base/bytes.h"

struct rs_call_head {
	u32 size, version;
};

/* Copies the structure of `command` to `call`, which has room for it. */
static inline int rs_call_in(struct rs_call_head *call, unsigned int command,
			     unsigned long argument, u32 version)
{
	u32 size = _IOC_SIZE(command);

	if (rs_bytes_in(call, (void __user *)argument, size))
		return -EFAULT;
	return call->size == size && call->version == version ? 0 : -EINVAL;
}

/* Where the command gives something back (_IOR, _IOWR). */
static inline int rs_call_out(const struct rs_call_head *call, unsigned int command,
			      unsigned long argument)
{
	if (!(_IOC_DIR(command) & _IOC_READ))
		return 0;
	return rs_bytes_out((void __user *)argument, call, _IOC_SIZE(command));
}

#endif
