/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes over the line. The kernel's copies look a buffer's slab or stack up first (hardened user
 * copies), about 150 instructions; a few words are copied one by one for less, and their bounds are
 * here to be seen. */
#ifndef RINGSIDE_BYTES_H
#define RINGSIDE_BYTES_H

#include <linux/types.h>
#include <linux/uaccess.h>

#define RS_SMALL 272 /* bytes */

static inline int rs_bytes_in(void *to, const void __user *from, size_t bytes)
{
	const u8 __user *at = from;
	u8 *out = to;

	if (bytes > RS_SMALL)
		return copy_from_user(to, from, bytes) ? -EFAULT : 0;
	if (!user_read_access_begin(from, bytes))
		return -EFAULT;
#pragma GCC unroll 4
	for (; bytes >= sizeof(u64); at += sizeof(u64), out += sizeof(u64), bytes -= sizeof(u64))
		unsafe_get_user(*(u64 *)out, (const u64 __user *)at, fault);
	for (; bytes; at++, out++, bytes--)
		unsafe_get_user(*out, at, fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

static inline int rs_bytes_out(void __user *to, const void *from, size_t bytes)
{
	const u8 *at = from;
	u8 __user *out = to;

	if (bytes > RS_SMALL)
		return copy_to_user(to, from, bytes) ? -EFAULT : 0;
	if (!user_write_access_begin(to, bytes))
		return -EFAULT;
#pragma GCC unroll 4
	for (; bytes >= sizeof(u64); at += sizeof(u64), out += sizeof(u64), bytes -= sizeof(u64))
		unsafe_put_user(*(const u64 *)at, (u64 __user *)out, fault);
	for (; bytes; at++, out++, bytes--)
		unsafe_put_user(*at, out, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

#endif
