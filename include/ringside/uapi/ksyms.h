/* SPDX-License-Identifier: LGPL-2.1-or-later WITH Linux-syscall-note */
/*
 * /dev/ringside-ksyms: a compact symbol table in the kernel, and look-ups in it.
 *
 * Every structure that a call takes begins with its own size and the ABI's version, both set by
 * the caller; the records that one points to are fixed by that version. The
 * kernel refuses another size or version, unknown operations, and non-zero reserved bytes with
 * EINVAL (a structure of another size in the call's number is another call: ENOTTY). Pointers are
 * carried as __u64. All calls need CAP_SYSLOG, as kallsyms' addresses do.
 */
#ifndef RINGSIDE_UAPI_KSYMS_H
#define RINGSIDE_UAPI_KSYMS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RS_KSYMS_DEVICE "/dev/ringside-ksyms"
#define RS_KSYMS_VERSION 1
#define RS_KSYMS_BUILD_ID_MAX 32
#define RS_KSYMS_TABLE_MAX (4u << 20)  /* bytes; Debian 6.12 has 1.4 MiB */
#define RS_KSYMS_BATCH_MAX 65536u      /* records a call */
#define RS_KSYMS_NTH_MAX 1024u         /* symbols of one name that NAME can tell apart */
#define RS_KSYMS_TEXT_MAX 720u         /* what sprint_symbol() may write, and our names (512) */

/* Hands a table over. Copied, checked whole, then kept read-only in place of any before it.
 * EBADMSG: damaged; EXDEV: built for another kernel (build-id); E2BIG, ENOMEM, EINTR. */
struct rs_ksyms_take {
	__u32 size;
	__u32 version;
	__u64 table;       /* const void * */
	__u64 table_bytes;
	__u64 reserved;
};

enum rs_ksyms_op {
	RS_KSYMS_FIND = 0,   /* address -> symbol_address, symbol_size, type, text = name */
	RS_KSYMS_FORMAT = 1, /* address -> text = "name+0x12/0x34", as the kernel's %pS */
	RS_KSYMS_STOCK = 2,  /* address -> text by the kernel's own kallsyms (sprint_symbol) */
	RS_KSYMS_NAME = 3,   /* text = name, nth -> symbol_address, symbol_size, type */
};

struct rs_ksyms_record {
	__u64 address;        /* run-time address; in for all but NAME */
	__u64 symbol_address; /* run-time address of the symbol */
	__u64 symbol_size;    /* bytes */
	__u32 length;         /* of text, without NUL; in for NAME */
	__u32 nth;            /* NAME: which of the symbols of that name, by address, from 0 */
	__u8 found;
	__u8 type;            /* nm's letter */
	__u8 reserved[6];
	char text[RS_KSYMS_TEXT_MAX];
};

/* Looks `count` records up, in place. ENODATA: no table was handed over. EINTR: killed. */
struct rs_ksyms_lookup {
	__u32 size;
	__u32 version;
	__u32 op;             /* enum rs_ksyms_op */
	__u32 count;
	__u64 records;        /* struct rs_ksyms_record * */
	__u64 elapsed_ns;     /* out: time in the look-ups alone, by the kernel's monotonic clock */
	__u64 reserved;
};

struct rs_ksyms_status {
	__u32 size;
	__u32 version;
	__u64 table_bytes;    /* 0: no table */
	__u64 symbols;
	__u64 kaslr_offset;   /* bytes the kernel runs above its link address; valid with a table */
	__u32 build_id_bytes;
	__u8 build_id[RS_KSYMS_BUILD_ID_MAX]; /* of the running kernel */
	__u32 reserved;
};

#define RS_KSYMS_IOC_TAKE _IOWR('R', 0x10, struct rs_ksyms_take)
#define RS_KSYMS_IOC_LOOKUP _IOWR('R', 0x11, struct rs_ksyms_lookup)
#define RS_KSYMS_IOC_STATUS _IOWR('R', 0x12, struct rs_ksyms_status)

#endif
