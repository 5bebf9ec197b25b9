/* SPDX-License-Identifier: LGPL-2.1-or-later WITH Linux-syscall-note */
/*
 * /dev/ringside-space: room in the kernel for code that is no module. An open file is one space:
 *
 *   ALLOCATE   three parts near the kernel's text: text, read-only data, data; all writable by
 *              pwrite(2) alone, nothing executable
 *   pwrite     the finished bytes of each part
 *   SEAL       text becomes executable and read-only, read-only data read-only, for good; then
 *              `init` is called
 *   CALL       a function in the space's own text
 *   close      `exit` is called if `init` succeeded, and everything is freed
 *
 * A part is never writable and executable at once. A space in which a call has not come back (its
 * task died in it) is not freed: it is kept, and LIST shows it.
 *
 * open(2): EPERM without CAP_SYS_MODULE in the initial user namespace, where modules_disabled is
 * set, or where the kernel is locked down or insists on signatures. Every structure begins with its
 * own size and the ABI's version, both set by the caller. Another size or version, unknown values
 * and non-zero reserved bytes are refused with EINVAL (a structure of another size in the call's
 * number is another call: ENOTTY), bad pointers with EFAULT. Pointers are carried as __u64.
 */
#ifndef RINGSIDE_UAPI_SPACE_H
#define RINGSIDE_UAPI_SPACE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RS_SPACE_DEVICE "/dev/ringside-space"
#define RS_SPACE_VERSION 1
#define RS_SPACE_PART_MAX (16u << 20) /* bytes */
#define RS_SPACE_NAME_MAX 48          /* bytes with the NUL */
#define RS_SPACE_ARGUMENTS 6
#define RS_SPACE_NONE (~0ull)         /* no such function */

enum rs_space_part {
	RS_SPACE_TEXT = 0,
	RS_SPACE_RODATA = 1,
	RS_SPACE_DATA = 2,
	RS_SPACE_PARTS = 3,
};

enum rs_space_state {
	RS_SPACE_EMPTY = 0,     /* nothing allocated */
	RS_SPACE_OPEN = 1,      /* allocated, being filled */
	RS_SPACE_SEALED = 2,    /* `init` did not succeed, or is running: no calls */
	RS_SPACE_READY = 3,     /* may be called */
	RS_SPACE_KEPT = 4,      /* closed, but a call in it never came back */
};

/* EBUSY: the space has been allocated. ENOMEM. A part of 0 bytes has no memory; text needs some. */
struct rs_space_allocate {
	__u32 size;
	__u32 version;
	__u64 bytes[RS_SPACE_PARTS];
	__u64 address[RS_SPACE_PARTS];  /* out; 0 for a part of no bytes */
	char name[RS_SPACE_NAME_MAX];   /* for LIST; printable, NUL-terminated */
	__u64 reserved;
};

/*
 * pread(2) and pwrite(2) at RS_SPACE_AT(part, offset): bytes of a part, whole ranges only (EINVAL).
 * pwrite: EPERM for text and read-only data once they are sealed. ENODATA: nothing is allocated.
 */
#define RS_SPACE_AT(part, offset) (((__s64)(part) << 32) | (__u32)(offset))

/* `init` and `exit` are offsets into the text, or RS_SPACE_NONE; they are called as
 * `int init(void)`, 0 for success, and `void exit(void)`. EINVAL: not in the text, or a function
 * that this CPU does not let be called (IBT: it begins with no ENDBR64). EBUSY: not OPEN. */
struct rs_space_seal {
	__u32 size;
	__u32 version;
	__u64 init;
	__u64 exit;
	__s32 result;   /* out: what `init` returned; 0 where there is none */
	__u32 reserved;
};

/* Calls `__u64 function(__u64 ...)` in the caller's process context; several threads may. It cannot
 * be interrupted: what does not return holds its CPU. EINVAL as for SEAL; EBUSY: not READY. */
struct rs_space_call {
	__u32 size;
	__u32 version;
	__u64 function; /* offset into the text */
	__u64 arguments[RS_SPACE_ARGUMENTS];
	__u64 result;     /* out */
	__u64 elapsed_ns; /* out: by the kernel's monotonic clock */
	__u64 reserved;
};

struct rs_space_record {
	__u64 address[RS_SPACE_PARTS];
	__u64 bytes[RS_SPACE_PARTS];
	__u32 state;    /* enum rs_space_state */
	__u32 running;  /* calls that have not come back */
	__s32 owner;    /* process that opened it, as the initial pid namespace numbers it */
	__u32 reserved;
	char name[RS_SPACE_NAME_MAX];
};

/* Records of all spaces that have memory, from the `first` on, oldest first; `count` becomes how
 * many there were. */
struct rs_space_list {
	__u32 size;
	__u32 version;
	__u32 first;
	__u32 count;
	__u64 records;  /* struct rs_space_record * */
	__u64 reserved;
};

#define RS_SPACE_IOC_ALLOCATE _IOWR('R', 0x30, struct rs_space_allocate)
#define RS_SPACE_IOC_SEAL _IOWR('R', 0x31, struct rs_space_seal)
#define RS_SPACE_IOC_CALL _IOWR('R', 0x32, struct rs_space_call)
#define RS_SPACE_IOC_LIST _IOWR('R', 0x33, struct rs_space_list)

#endif
