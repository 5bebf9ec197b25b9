/* SPDX-License-Identifier: LGPL-2.1-or-later WITH Linux-syscall-note */
/*
 * /dev/ringside-oops: tables by which the kernel prints source lines and inlined functions after
 * its own traces.
 *
 * Every structure that a call takes begins with its own size and the ABI's version, both set by
 * the caller. The kernel refuses another size or version, unknown kinds, and non-zero reserved
 * bytes with EINVAL (a structure of another size in the call's number is another call: ENOTTY).
 * Pointers are carried as __u64. All calls need CAP_SYS_ADMIN.
 */
#ifndef RINGSIDE_UAPI_OOPS_H
#define RINGSIDE_UAPI_OOPS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RS_OOPS_DEVICE "/dev/ringside-oops"
#define RS_OOPS_VERSION 1
#define RS_OOPS_BUILD_ID_MIN 16
#define RS_OOPS_BUILD_ID_MAX 32
#define RS_OOPS_TABLE_MAX (64u << 20)  /* bytes of one table */
#define RS_OOPS_TOTAL_MAX (512u << 20) /* of all of them */
#define RS_OOPS_OBJECTS_MAX 8192       /* modules */
#define RS_OOPS_PARTS_MAX 256          /* executable sections of one module */
#define RS_OOPS_SPACES_MAX 64          /* spaces */
#define RS_OOPS_REGIONS 7              /* 6.1: core, init; 6.12: enum mod_mem_type */
#define RS_OOPS_NAME_MAX 64
#define RS_OOPS_TEXT_MAX 4096

enum rs_oops_kind {
	RS_OOPS_SYMBOLS = 1, /* the kernel's symbol table (core/ksyms) */
	RS_OOPS_LINES = 2,   /* the kernel's line index (core/lines) */
	RS_OOPS_MODULE = 3,  /* a module's line index */
	RS_OOPS_SPACE = 4,   /* a symbol table of code in no module, at run-time addresses */
};

/* An executable section of a module. */
struct rs_oops_part {
	__u32 region;  /* where the kernel's layout puts it, */
	__u32 offset;  /* and where in there */
	__u64 bytes;
	__u64 address; /* where it begins among the index's addresses */
};

/* Hands a table over. Copied, checked whole, then kept read-only in place of any of the same kind
 * and name before it. A SPACE's stays until the file that it came by is closed, beside others of
 * its name: whoever holds the space holds that file, too. EBADMSG: damaged; EXDEV: of another
 * kernel or module (build-id); E2BIG, ENOSPC: more than the limits above; ENOMEM, EFAULT, EINTR. */
struct rs_oops_take {
	__u32 size;
	__u32 version;
	__u32 kind;        /* enum rs_oops_kind */
	__u32 parts;       /* MODULE: how many; else 0 */
	__u64 table;       /* const void * */
	__u64 table_bytes;
	__u64 part_records; /* const struct rs_oops_part * */
	/* MODULE: where its build-id lies once it is loaded: a module that has another there is
	 * none of ours. */
	__u32 id_region;
	__u32 id_offset;
	__u8 id[RS_OOPS_BUILD_ID_MAX];
	__u32 id_bytes;
	__u32 reserved;
	/* MODULE: where its regions are, if it is loaded; all 0: it will be. */
	__u64 regions[RS_OOPS_REGIONS];
	char name[RS_OOPS_NAME_MAX]; /* MODULE, SPACE: printable, NUL-terminated; else empty */
};

/* Takes the table of a module away; with an empty name, all but the spaces'. ENOENT. */
struct rs_oops_drop {
	__u32 size;
	__u32 version;
	char name[RS_OOPS_NAME_MAX];
	__u64 reserved;
};

/* Sets the hook up, or takes it away. ENODEV: the kernel's ftrace has given up;
 * EBUSY: somebody else changes it, or ftrace is off. EIO: we faulted while we printed: not again
 * before the module is loaded anew. */
struct rs_oops_arm {
	__u32 size;
	__u32 version;
	__u32 on;
	__u32 reserved;
};

struct rs_oops_status {
	__u32 size;
	__u32 version;
	__u32 armed;
	__u32 off;           /* we faulted while we printed, and will not again */
	__u64 symbol_bytes;  /* 0: no table */
	__u64 symbols;
	__u64 line_bytes;
	__u64 module_bytes;
	__u32 modules;       /* that there are tables of */
	__u32 present;       /* of these, loaded now */
	__u32 spaces;
	__u32 reserved2;
	__u64 kaslr_offset;  /* bytes the kernel runs above its link address; valid with symbols */
	__u64 traces;        /* that we printed */
	__u64 frames;        /* in them */
	__u64 skipped;       /* traces while this CPU was printing one */
	__u32 build_id_bytes;
	__u8 build_id[RS_OOPS_BUILD_ID_MAX]; /* of the running kernel */
	__u32 reserved;
};

/* What would be printed for one frame; for tests and measurements. */
struct rs_oops_frame {
	__u32 size;
	__u32 version;
	__u64 address;     /* run time */
	__u32 is_return;   /* looked up one byte before */
	__u32 text_bytes;  /* out: of the lines at `text`, without NUL */
	__u64 text;        /* char *, RS_OOPS_TEXT_MAX bytes */
	__u64 elapsed_ns;  /* out: in the look-up and the formatting, by the monotonic clock */
	__u64 reserved;
};

#define RS_OOPS_IOC_TAKE _IOWR('R', 0x40, struct rs_oops_take)
#define RS_OOPS_IOC_DROP _IOWR('R', 0x41, struct rs_oops_drop)
#define RS_OOPS_IOC_ARM _IOWR('R', 0x42, struct rs_oops_arm)
#define RS_OOPS_IOC_STATUS _IOWR('R', 0x43, struct rs_oops_status)
#define RS_OOPS_IOC_FRAME _IOWR('R', 0x44, struct rs_oops_frame)

#endif
