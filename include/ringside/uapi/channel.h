/* SPDX-License-Identifier: LGPL-2.1-or-later WITH Linux-syscall-note */
/*
 * One message for every channel between kernel and user space, and /dev/ringside-channel, which is
 * the ioctl channel, maps the ring, and sets sessions up.
 *
 * A message is a struct rs_message and `length` bytes of payload. What a side may do with one:
 *
 *   ECHO   user to kernel; the kernel answers with a REPLY of the same sequence and payload
 *   DATA   either way; numbered from 0 by who sends
 *   EVENT  kernel to user; no payload
 *
 * Every structure that a call takes begins with its own size and the ABI's version, both set by
 * the caller. Another size or version, unknown values and non-zero reserved bytes are refused with
 * EINVAL (a structure of another size in the call's number is another call: ENOTTY), bad pointers
 * with EFAULT. Pointers are carried as __u64.
 */
#ifndef RINGSIDE_UAPI_CHANNEL_H
#define RINGSIDE_UAPI_CHANNEL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RS_CHANNEL_DEVICE "/dev/ringside-channel"
#define RS_CHANNEL_PROC "/proc/ringside-channel"
#define RS_CHANNEL_DEBUGFS "/sys/kernel/debug/ringside-channel" /* a folder: message, value */
#define RS_CHANNEL_CLASS "/sys/class/ringside-channel" /* devices of sessions: DEVICE */
#define RS_CHANNEL_FAMILY "ringside"                             /* generic netlink */
#define RS_CHANNEL_GROUP "events"                                /* its multicast group */
#define RS_CHANNEL_VERSION 1
#define RS_CHANNEL_PAYLOAD_MAX (1u << 20) /* bytes */
#define RS_CHANNEL_RING_MAX (16u << 20)   /* bytes of one ring, or of one CPU's relay buffer */
#define RS_CHANNEL_DELAY_MAX 10000000u    /* microseconds until an event */

enum rs_message_type {
	RS_MESSAGE_SKIP = 0, /* in a ring: nothing, up to its end */
	RS_MESSAGE_ECHO = 1,
	RS_MESSAGE_REPLY = 2,
	RS_MESSAGE_DATA = 3,
	RS_MESSAGE_EVENT = 4,
};

struct rs_message {
	__u32 length; /* bytes of payload behind this */
	__u16 type;   /* enum rs_message_type */
	__u16 reserved;
	__u64 sequence;
};

/* How this session's messages are made and judged; 0 and 0 before the first call. */
struct rs_channel_setup {
	__u32 size;
	__u32 version;
	__u32 length;  /* of the DATA that the kernel sends */
	__u32 checked; /* 1: DATA carries the pattern of its sequence (core/channel), both ways */
	__u64 reserved;
};

/* A message to the kernel, and its reply where it is an ECHO. EMSGSIZE: the reply has no room;
 * EBADMSG: no message, or one that users do not send. */
struct rs_channel_send {
	__u32 size;
	__u32 version;
	__u64 message; /* const struct rs_message *, with its payload */
	__u64 reply;   /* struct rs_message *, `room` bytes; out */
	__u32 bytes;   /* of `message` */
	__u32 room;
	__u64 reserved;
};

/* The next DATA of the kernel's. EMSGSIZE: no room; EFAULT: its number is used up. */
struct rs_channel_receive {
	__u32 size;
	__u32 version;
	__u64 message; /* struct rs_message *, `room` bytes; out */
	__u32 room;
	__u32 bytes;   /* out */
	__u64 reserved;
};

/* Has the kernel send an EVENT after `delay` microseconds, by every way that this session has: WAIT
 * and poll(2), the eventfd, and generic netlink's group. EBUSY: one is under way. */
struct rs_channel_notify {
	__u32 size;
	__u32 version;
	__u32 delay;
	__s32 eventfd; /* -1: none */
	__u64 reserved;
};

/* Sleeps until the event has come. ETIME: not after `timeout` microseconds; EINTR: a signal, whose
 * handler has no SA_RESTART (with it, the whole time begins anew). */
struct rs_channel_wait {
	__u32 size;
	__u32 version;
	__u32 timeout;
	__u32 reserved;
	__u64 sequence;  /* out: of the event, from 0 */
	__u64 signal_ns; /* out: monotonic clock, when it was sent */
};

/* What became of the DATA that this session has sent. */
struct rs_channel_counts {
	__u64 messages;
	__u64 bytes;   /* of payload */
	__u64 wrong;   /* without the pattern, where it was to be checked */
	__u64 missing; /* numbers that were left out */
	__u64 repeated;
};

struct rs_channel_status {
	__u32 size;
	__u32 version;
	struct rs_channel_counts counts;
	__u64 number; /* out: the session's, from 1; no other has had it since the module came */
};

/* Two rings of `bytes` each (a power of two, a page or more), to be mapped at offset 0: the page of
 * struct rs_ring, then the bytes; first the one that the user writes. EBUSY: there are some. */
struct rs_channel_rings {
	__u32 size;
	__u32 version;
	__u32 bytes;
	__u32 reserved;
	__u64 mapping; /* out: bytes of the whole mapping */
};

/* Has the kernel work on the rings: takes all that the user has written, ECHOs are answered while
 * there is room, and writes up to `stream` DATA. EBADMSG: the ring is no ring any more. */
struct rs_channel_kick {
	__u32 size;
	__u32 version;
	__u32 stream;   /* in: DATA wanted; out: written */
	__u32 taken;    /* out: messages */
	__s32 eventfd;  /* signalled where something was written; -1: none */
	__u32 reserved;
};

/* Relay buffers for this session: a file of RS_CHANNEL_DEBUGFS for each CPU, relay-NUMBER-CPU (the
 * session's number), of `count` sub-buffers (two or more) of `bytes` (whole pages), to be read, or
 * mapped whole. Where all of a CPU's are full, DATA is written over the oldest (`overwrite` 1) or
 * dropped (0). In a sub-buffer messages begin at multiples of eight bytes; SKIP fills its end,
 * which read(2) leaves out. EBUSY: there are some. */
struct rs_channel_relay {
	__u32 size;
	__u32 version;
	__u32 bytes;
	__u32 count;
	__u32 overwrite;
	__u32 reserved;
};

/* Gives `release` of a CPU's sub-buffers back, those that were finished first, and says what there
 * is to read: number `taken` (the n-th of a mapping, modulo its count) up to `produced`. ENXIO: no
 * such CPU, or no buffer of it yet; EINVAL: so many are not finished. */
struct rs_channel_relay_state {
	__u32 size;
	__u32 version;
	__u32 cpu;
	__u32 release;
	__u64 produced; /* out: finished, since the beginning */
	__u64 taken;    /* out: of these, given back, or written over */
};

/* Has the kernel send `count` DATA now, whoever takes them: RELAY, to the buffer of the CPU that
 * runs the caller; its sub-buffers are finished after that. EMSGSIZE: DATA is larger than these.
 * TRACEPOINT, to the BPF programs at ringside_channel_message, whose arguments are the session's
 * number, the message's type, the message and its bytes (a kernel's pointer: probe_read_kernel);
 * what becomes of it they know, and `lost` stays as it is. EVENTs come that way as well. */
enum rs_channel_way {
	RS_CHANNEL_WAY_RELAY = 0,
	RS_CHANNEL_WAY_TRACEPOINT = 1,
};
struct rs_channel_produce {
	__u32 size;
	__u32 version;
	__u32 way; /* enum rs_channel_way */
	__u32 count;
	__u64 lost; /* out: of all since SETUP, DATA that had no room, or was written over */
	__u64 reserved;
};

/* A device for this session, RS_CHANNEL_CLASS/sessionNUMBER, until it is closed. Its attribute
 * `message` carries one by each read or write, of a page at most; `length` and `checked` are
 * SETUP's, `events` how many have come, and can be polled; each of struct rs_channel_counts has
 * one. EBUSY: there is one. */
struct rs_channel_device {
	__u32 size;
	__u32 version;
	__u64 number; /* out: the session's */
};

/* A ring's first page. Positions count bytes and never wrap; each is written by one side alone. */
struct rs_ring {
	__u64 written __attribute__((aligned(64)));
	__u64 taken __attribute__((aligned(64)));
};

#define RS_CHANNEL_IOC_SETUP _IOW('R', 0x50, struct rs_channel_setup)
#define RS_CHANNEL_IOC_SEND _IOW('R', 0x51, struct rs_channel_send)
#define RS_CHANNEL_IOC_RECEIVE _IOWR('R', 0x52, struct rs_channel_receive)
#define RS_CHANNEL_IOC_NOTIFY _IOW('R', 0x53, struct rs_channel_notify)
#define RS_CHANNEL_IOC_WAIT _IOWR('R', 0x54, struct rs_channel_wait)
#define RS_CHANNEL_IOC_STATUS _IOWR('R', 0x55, struct rs_channel_status)
#define RS_CHANNEL_IOC_RINGS _IOWR('R', 0x56, struct rs_channel_rings)
#define RS_CHANNEL_IOC_KICK _IOWR('R', 0x57, struct rs_channel_kick)
#define RS_CHANNEL_IOC_RELAY _IOWR('R', 0x58, struct rs_channel_relay)
#define RS_CHANNEL_IOC_RELAY_STATE _IOWR('R', 0x59, struct rs_channel_relay_state)
#define RS_CHANNEL_IOC_PRODUCE _IOWR('R', 0x5a, struct rs_channel_produce)
#define RS_CHANNEL_IOC_DEVICE _IOWR('R', 0x5b, struct rs_channel_device)

/* io_uring: every call above but WAIT is a command, its number in `cmd_op`, the address of its
 * structure in the first word of `cmd`. These have all they need in `cmd`: SEND_AT takes a message,
 * no ECHO; RECEIVE_AT gives the next DATA, whose header says how long it is; SEND takes the message
 * that lies in `cmd` itself, of a ring with IORING_SETUP_SQE128 (EINVAL elsewhere): no ECHO, and no
 * payload of more than RS_CHANNEL_URING_SMALL bytes (EMSGSIZE). */
struct rs_channel_at {
	__u64 message;
	__u32 bytes; /* of the message; of its room */
	__u32 reserved;
};
#define RS_CHANNEL_URING_SEND_AT _IOW('R', 0x70, struct rs_channel_at)
#define RS_CHANNEL_URING_RECEIVE_AT _IOW('R', 0x71, struct rs_channel_at)
#define RS_CHANNEL_URING_SEND _IOW('R', 0x72, struct rs_message)
#define RS_CHANNEL_URING_SMALL 64

/* The system call, where ringside_channels_syscall.ko is loaded, which is for the lab; elsewhere
 * the number is a hole in the table of x86-64 (ENOSYS).
 *
 *   syscall(RS_CHANNEL_SYSCALL, device, operation, message, bytes, reply, room)
 *
 * `device` is an open RS_CHANNEL_DEVICE (EBADF, ENOTTY). SEND and RECEIVE are the calls above, and
 * return the bytes of `reply`, 0 where DATA was sent; RECEIVE wants 0 and 0 for its message. */
#define RS_CHANNEL_SYSCALL 400
enum rs_channel_operation {
	RS_CHANNEL_SEND = 0,
	RS_CHANNEL_RECEIVE = 1,
};

/* Generic netlink: a message is one attribute. MESSAGE without one sets the port's session up. */
enum rs_channel_command {
	RS_CHANNEL_CMD_UNSPEC,
	RS_CHANNEL_CMD_MESSAGE, /* ECHO or DATA to the kernel; REPLY and, as a dump, DATA from it */
	RS_CHANNEL_CMD_EVENT,   /* to the group */
	RS_CHANNEL_CMD_COUNTS,  /* of this port's DATA */
};
enum rs_channel_attribute {
	RS_CHANNEL_A_UNSPEC,
	RS_CHANNEL_A_MESSAGE, /* struct rs_message and its payload */
	RS_CHANNEL_A_LENGTH,  /* u32, of a dump: bytes of each payload */
	RS_CHANNEL_A_COUNT,   /* u32, of a dump: how many */
	RS_CHANNEL_A_CHECKED, /* u32: as in struct rs_channel_setup */
	RS_CHANNEL_A_FIRST,   /* u64, of a dump: the first number */
	RS_CHANNEL_A_COUNTS,  /* struct rs_channel_counts */
	RS_CHANNEL_A_LAST = RS_CHANNEL_A_COUNTS,
};

#endif
