/* SPDX-License-Identifier: LGPL-2.1-or-later WITH Linux-syscall-note */
/*
 * /dev/ringside-scsi: commands to addresses of a SCSI host where the kernel has no device, many at
 * once, and devices added from what user space has judged, without asking them again.
 *
 * Structures begin with their own size and the ABI's version, both set by the caller. The kernel
 * refuses another size or version, unknown values and non-zero reserved bytes with EINVAL (a
 * structure of another size in a call's number is another call: ENOTTY). Calls need CAP_SYS_RAWIO.
 * They hold the host's lock for scans while commands are under way, as the kernel's own scan does,
 * but not while they copy from or to user memory. What is sized by the caller is accounted to him.
 *
 * ENODEV: no such host, or it is going. EOPNOTSUPP: a transport numbers what is behind the host
 * (fc, sas, iscsi, srp, ata), and only it can make targets. EFAULT: memory that cannot be read or
 * written.
 */
#ifndef RINGSIDE_UAPI_SCSI_H
#define RINGSIDE_UAPI_SCSI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RS_SCSI_DEVICE "/dev/ringside-scsi"
#define RS_SCSI_VERSION 1
#define RS_SCSI_CDB_BYTES 16
#define RS_SCSI_SENSE_BYTES 96
#define RS_SCSI_COMMANDS_MAX 1024u       /* in one call */
#define RS_SCSI_DATA_MAX (256u << 10)    /* bytes that one command may read */
#define RS_SCSI_CALL_DATA_MAX (16u << 20) /* and all commands of a call */
#define RS_SCSI_TIMEOUT_MAX_MS 60000u
#define RS_SCSI_PAGES_MAX 16u            /* of vital product data, of one device */
#define RS_SCSI_PAGE_BYTES 255u

/* What became of a command. */
enum rs_scsi_delivery {
	RS_SCSI_ANSWERED = 0,        /* there is a status */
	RS_SCSI_NOBODY = 1,          /* no connection, no such target */
	RS_SCSI_TIMED_OUT = 2,
	RS_SCSI_FAILED = 3,          /* anything else */
	RS_SCSI_NOT_ADDRESSABLE = 4, /* the host's driver takes no such address */
};

/* One command, which reads: 6 to 16 bytes of CDB, some data, some time. `lun` as the kernel counts
 * it. What is outside the host's limits (below), or is the host itself, is not addressable. */
struct rs_scsi_command {
	__u32 channel;
	__u32 target;
	__u64 lun;
	__u8 cdb[RS_SCSI_CDB_BYTES];
	__u32 cdb_bytes;
	__u32 timeout_ms;
	__u64 data;        /* where what is read goes */
	__u32 data_bytes;  /* in: room; out: that were read */
	__u32 delivery;    /* out */
	__u32 status;      /* out: SAM's */
	__u32 sense_bytes; /* out */
	__u8 sense[RS_SCSI_SENSE_BYTES];
	__u64 reserved;
};

/*
 * Sends `count` commands, each to an address of its own (EINVAL: two have the same), and waits for
 * all. As many are under way at once as the host has tags for; the others wait for a tag.
 *
 * EINTR: killed. While the call waits for the host's lock, it ends at once. Later, what has no tag
 * yet, and what is queued to an address that the kernel has no device at, is given up. What cannot
 * be given up is waited for: commands that the host has, at most their time limit (which begins
 * when the host gets them) and the driver's own recovery, and those to devices that the kernel has,
 * which also wait for what was queued there before. A wait for a tag that has begun ends when one
 * of them does. Nothing is aborted: that could reset a host that others use.
 */
struct rs_scsi_send {
	__u32 size;
	__u32 version;
	__u32 host;
	__u32 count;
	__u64 commands;   /* struct rs_scsi_command[count]; outs are set where 0 is returned */
	__u64 elapsed_ns; /* out */
	__u64 reserved;
};

/* A reply to INQUIRY that is known: the standard data (`is_page` and `page` 0), or a whole page,
 * which has its number and says no more bytes than there are. */
struct rs_scsi_page {
	__u8 is_page;
	__u8 page;
	__u8 reserved;
	__u8 bytes;
	__u8 data[RS_SCSI_PAGE_BYTES + 1];
};

/*
 * Adds the device at an address. The kernel's INQUIRYs to it are answered from `pages`; what is not
 * there is asked. The kernel judges what it is told as it would judge the device's own words: cut
 * to the room that it has, and zeros behind what is shorter. 0 and `added` 0: it found no device in
 * them. EEXIST: it has one there. EINVAL: not addressable, too. EBUSY: somebody else, as a live
 * patch, has replaced the function by which the kernel asks.
 *
 * EINTR: killed while another call was adding. The kernel's own scan of the address, once begun, is
 * not given up; its own time limits bound it.
 *
 * That function is only hooked while devices are added, and a few seconds after the last.
 */
struct rs_scsi_add {
	__u32 size;
	__u32 version;
	__u32 host;
	__u32 channel;
	__u32 target;
	__u32 count;    /* of pages */
	__u64 lun;
	__u64 pages;    /* struct rs_scsi_page[count] */
	__u32 added;    /* out: 0 or 1 */
	__u32 answered; /* out: INQUIRYs that were answered so */
	__u64 reserved;
};

/* What addresses a host has: channels up to max_channel, targets and LUNs below their limits. */
struct rs_scsi_limits {
	__u32 size;
	__u32 version;
	__u32 host;
	__u32 max_channel; /* out */
	__u32 max_target;  /* out */
	__u32 this_target; /* out: the host itself; ~0: none */
	__u64 max_lun;     /* out */
	__u64 reserved;
};

#define RS_SCSI_IOC_SEND _IOWR('R', 0xb0, struct rs_scsi_send)
#define RS_SCSI_IOC_ADD _IOWR('R', 0xb1, struct rs_scsi_add)
#define RS_SCSI_IOC_LIMITS _IOWR('R', 0xb2, struct rs_scsi_limits)

#endif
