/* SPDX-License-Identifier: LGPL-2.1-or-later WITH Linux-syscall-note */
/*
 * /dev/ringside-firmware: a driver that asks for firmware. It asks the kernel, as drivers do, or
 * has it read by our core in the kernel, and tells the size and the sum of what it got.
 *
 * The structure begins with its own size and the ABI's version, both set by the caller. The kernel
 * refuses another size or version, unknown ways and non-zero reserved bytes with EINVAL (a
 * structure of another size in the call's number is another call: ENOTTY). The call needs
 * CAP_SYS_ADMIN.
 */
#ifndef RINGSIDE_UAPI_FIRMWARE_H
#define RINGSIDE_UAPI_FIRMWARE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RS_FIRMWARE_DEVICE "/dev/ringside-firmware"
#define RS_FIRMWARE_VERSION 1
#define RS_FIRMWARE_NAME_MAX 256     /* bytes, with the NUL */
#define RS_FIRMWARE_FOLDER_MAX 256
#define RS_FIRMWARE_SUM_BYTES 32     /* SHA-256 */
#define RS_FIRMWARE_PENDING_MAX 256u /* requests of NOUEVENT at once */

enum rs_firmware_way {
	RS_FIRMWARE_REQUEST = 1,  /* request_firmware() */
	RS_FIRMWARE_NOUEVENT = 2, /* request_firmware_nowait(FW_ACTION_NOUEVENT), and wait for it */
	RS_FIRMWARE_READ = 3,     /* our core, by path: uncompressed files only */
};

/*
 * Asks for `name`. 0 where there was an answer, a bad one included: `error` tells. EINVAL: a name
 * or folder that is empty, does not end or has bytes behind its NUL; a folder with REQUEST or
 * NOUEVENT, or one that is not absolute. EBUSY: RS_FIRMWARE_PENDING_MAX are pending. EINTR: killed;
 * what was asked for without an event stays pending until somebody answers it, and the module stays
 * with it. A question without an event that is not answered with bytes ends in ENOENT, whatever the
 * reason; EOPNOTSUPP where the device got the same name with an event before.
 */
struct rs_firmware_ask {
	__u32 size;
	__u32 version;
	__u32 way;        /* enum rs_firmware_way */
	__u32 error;      /* out: errno of the answer; 0: there are bytes */
	__u64 bytes;      /* out */
	__u64 elapsed_ns; /* out: from the question to the answer */
	__u64 reserved;
	char name[RS_FIRMWARE_NAME_MAX];
	char folder[RS_FIRMWARE_FOLDER_MAX]; /* READ: searched; empty: where the kernel looks */
	__u8 sum[RS_FIRMWARE_SUM_BYTES];     /* out */
};

#define RS_FIRMWARE_IOC_ASK _IOWR('R', 0xa0, struct rs_firmware_ask)

#endif
