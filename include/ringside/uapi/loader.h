/* SPDX-License-Identifier: LGPL-2.1-or-later WITH Linux-syscall-note */
/*
 * /dev/ringside: the hand-over. A thread arms its next module load on an open file and calls
 * init_module(2) or finit_module(2). Where the kernel has allocated the module and bound its
 * symbols, and would relocate, the load is given to the holder of the file (USER), to our core in
 * the kernel (KERNEL), or is relocated by the kernel and then shown (SHADOW).
 *
 *   thread A                              whoever serves the file (another thread)
 *   ARM, finit_module(2) ... parked       WAIT (or poll: POLLIN) until PARKED
 *                                         SECTIONS, SYMBOLS, pread(2), pwrite(2), COMPLETE
 *   ... finit_module(2) returns           WAIT until ENDED: who computed the bytes, or the error
 *
 * A load that is parked fails when the file is closed for the last time (ECANCELED), its time is
 * over (ETIMEDOUT) or its thread is killed; the kernel unwinds it as any load that fails. A file
 * has one load at a time; files are independent of each other.
 *
 * open(2), ARM: EACCES or EPERM without CAP_SYS_MODULE in the initial user namespace, or where the
 * kernel is locked down. Every structure that a call takes begins with its own size and the ABI's
 * version, both set by the caller. Another size or version, unknown values and non-zero reserved
 * bytes are refused with EINVAL (a structure of another size in the call's number is another call:
 * ENOTTY), bad pointers with EFAULT. Pointers are carried as __u64.
 */
#ifndef RINGSIDE_UAPI_LOADER_H
#define RINGSIDE_UAPI_LOADER_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RS_LOADER_DEVICE "/dev/ringside"
#define RS_LOADER_VERSION 1
#define RS_LOADER_TIMEOUT_MAX 60000u /* ms that a load may be parked */
#define RS_LOADER_NAME_MAX 56        /* bytes of a module's name with its NUL */

enum rs_loader_mode {
	RS_LOADER_USER = 1,   /* parked before the first relocation; the file's holder writes */
	RS_LOADER_KERNEL = 2, /* our core relocates, nothing parks */
	RS_LOADER_SHADOW = 3, /* the kernel relocates, parked after the last; nothing is written */
};

enum rs_loader_state {
	RS_LOADER_IDLE = 0,   /* never armed, or disarmed */
	RS_LOADER_ARMED = 1,  /* the thread's next load that gets as far as relocation is ours */
	RS_LOADER_PARKED = 2, /* the load waits for COMPLETE */
	RS_LOADER_GOING = 3,  /* relocation goes on: the verdict is given, or none is asked for */
	RS_LOADER_ENDED = 4,  /* relocation is over; the rest of the load is the kernel's */
};

/* Who computed the bytes of a load that has ended. */
enum rs_loader_by {
	RS_LOADER_BY_NOBODY = 0, /* not ended, or failed */
	RS_LOADER_BY_USER = 1,
	RS_LOADER_BY_CORE = 2,
	RS_LOADER_BY_KERNEL = 3, /* SHADOW, or given back by COMPLETE */
};

/* The calling thread's next load. EALREADY: this file or this thread has one that is armed or not
 * ended. EBUSY: the hook cannot be had: /proc/sys/kernel/ftrace_enabled is 0, or another program
 * has hooked the same function; the kernel relocates as ever then. EKEYREJECTED: USER where
 * the kernel insists on signatures. The hook goes a second after the last load. */
struct rs_loader_arm {
	__u32 size;
	__u32 version;
	__u32 mode;       /* enum rs_loader_mode */
	__u32 timeout_ms; /* parked at most so long; 1 to RS_LOADER_TIMEOUT_MAX */
	__u64 reserved;
};

/* Takes back an arm that was not used (the load failed before, or needed no relocation), and
 * forgets a load that has ended. EBUSY: PARKED or GOING (COMPLETE ends that). */
struct rs_loader_disarm {
	__u32 size;
	__u32 version;
	__u32 state;      /* out: enum rs_loader_state before the call */
	__u32 reserved;
};

/* Waits until the load is PARKED or ENDED and tells about it; may be called again. ENODATA: not
 * armed (also where it is disarmed meanwhile). EAGAIN: O_NONBLOCK and neither yet. EINTR: a signal
 * came. The fields from `sections` to `name` are of a load that came to the hook, else 0. */
struct rs_loader_load {
	__u32 size;
	__u32 version;
	__u32 state;          /* enum rs_loader_state: PARKED or ENDED */
	__u32 mode;           /* enum rs_loader_mode, as armed */
	__u32 by;             /* enum rs_loader_by */
	__u32 error;          /* errno that relocation ended with, 0 for none */
	__u32 sections;       /* e_shnum of the file */
	__u32 symbols;        /* records of its symbol table, the null symbol included */
	__u32 symbol_section; /* index of the symbol table */
	__u32 module_section; /* index of .gnu.linkonce.this_module */
	__u32 percpu_section; /* index of .data..percpu, 0 for none */
	__u32 reserved;
	__u64 percpu;         /* base of the module's per-CPU allocation, an offset; 0 for none */
	char name[RS_LOADER_NAME_MAX]; /* of the module, NUL-terminated */
};

/* Section i of the parked load, as the kernel placed it. */
struct rs_loader_section {
	__u64 address;  /* where its bytes are; 0 where it is not in the module's memory */
	__u64 bytes;
	__u64 flags;    /* sh_flags, as the kernel changed them: symbol table and its strings have
	                 * SHF_ALLOC; .modinfo, __versions, .data..percpu have not */
	__u32 type;     /* sh_type */
	__u32 reserved;
};

/* SECTIONS: struct rs_loader_section of `count` sections from `first` on. SYMBOLS: their values
 * (__u64 st_value), resolved by the kernel. `count` becomes what there was, 0 past the end.
 * ENODATA: no load is parked. */
struct rs_loader_table {
	__u32 size;
	__u32 version;
	__u32 first;
	__u32 count;
	__u64 records;
	__u64 reserved;
};

/*
 * pread(2) and pwrite(2) at RS_LOADER_AT(section, offset): bytes of a section of the parked load.
 * Only sections in the module's memory (address is not 0), only whole ranges: EINVAL otherwise.
 * pwrite: USER only (EPERM); not the symbol table nor its strings (EPERM); in
 * .gnu.linkonce.this_module only the words `init` and `exit` (EPERM). The per-CPU section is no
 * part of it: kernels copy its image from the file, unrelocated. ENODATA: no load is parked.
 */
#define RS_LOADER_AT(section, offset) (((__s64)(section) << 32) | (__u32)(offset))

enum rs_loader_verdict_is {
	RS_LOADER_DONE = 1,       /* USER: all that has relocations is written; SHADOW: go on */
	RS_LOADER_GIVE_BACK = 2,  /* USER: the kernel relocates; nothing was written */
	RS_LOADER_FAIL = 3,       /* the load fails with `error` */
};

/* ENODATA: no load is parked. EINVAL: DONE where a section that has relocations was never written
 * to; GIVE_BACK where one was written to, and in SHADOW; `error` other than 1 to 4095 for FAIL,
 * than 0 for the others. */
struct rs_loader_verdict {
	__u32 size;
	__u32 version;
	__u32 verdict;  /* enum rs_loader_verdict_is */
	__u32 error;    /* errno, positive */
};

/* Counts since the module was loaded; any open file may ask. */
struct rs_loader_status {
	__u32 size;
	__u32 version;
	__u32 armed;      /* loads armed, parked or going now */
	__u32 hooked;     /* 1: the hook stands */
	__u64 by_user;    /* loads relocated by each */
	__u64 by_core;
	__u64 by_kernel;
	__u64 failed;     /* loads that were ours and failed, those timed out included */
	__u64 timed_out;
	__u64 reserved;
};

#define RS_LOADER_IOC_ARM _IOWR('R', 0x20, struct rs_loader_arm)
#define RS_LOADER_IOC_DISARM _IOWR('R', 0x21, struct rs_loader_disarm)
#define RS_LOADER_IOC_WAIT _IOWR('R', 0x22, struct rs_loader_load)
#define RS_LOADER_IOC_SECTIONS _IOWR('R', 0x23, struct rs_loader_table)
#define RS_LOADER_IOC_SYMBOLS _IOWR('R', 0x24, struct rs_loader_table)
#define RS_LOADER_IOC_COMPLETE _IOWR('R', 0x25, struct rs_loader_verdict)
#define RS_LOADER_IOC_STATUS _IOWR('R', 0x26, struct rs_loader_status)

#endif
