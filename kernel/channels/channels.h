/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the channels module: session.c is the service behind all of them, event.c what wakes
 * a sleeper up, ring.c the shared memory, relay.c buffers of each CPU; device.c, proc.c, debug.c,
 * sysfs.c, netlink.c and trace.c are a channel each or more, main.c starts and stops them. */
#ifndef RINGSIDE_CHANNELS_H
#define RINGSIDE_CHANNELS_H

#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "include/ringside/uapi/channel.h"
#include "kernel/base/bytes.h"
#include "kernel/channels/bridge.h"

#define RS_MESSAGE_MAX (sizeof(struct rs_message) + RS_CHANNEL_PAYLOAD_MAX)

/* Memory of one message: its own where that is small, as allocating costs more than such a message
 * does; else of kvmalloc(). On the stack it is declared RS_HOLD: the kernel would zero it, and all
 * of it that is used is written before. */
#define RS_HOLD struct rs_hold __attribute__((uninitialized))
struct rs_hold {
	void *at; /* NULL: nothing */
	u32 bytes;
	u64 small[RS_SMALL / sizeof(u64)];
};
/* EMSGSIZE, ENOMEM. */
static inline int rs_hold_make(struct rs_hold *hold, size_t bytes)
{
	hold->at = NULL;
	if (bytes > RS_MESSAGE_MAX)
		return -EMSGSIZE;
	hold->bytes = bytes;
	hold->at = bytes <= sizeof(hold->small) ? hold->small
						: kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
	return hold->at ? 0 : -ENOMEM;
}
static inline void rs_hold_end(struct rs_hold *hold)
{
	if (hold->at != hold->small)
		kvfree(hold->at);
	hold->at = NULL;
}
/* `to` holds nothing before, `from` nothing after. */
static inline void rs_hold_move(struct rs_hold *to, struct rs_hold *from)
{
	to->bytes = from->bytes;
	to->at = from->at;
	if (from->at == from->small)
		to->at = memcpy(to->small, from->small, from->bytes);
	from->at = NULL;
}

struct rs_rings {
	void *memory; /* vmalloc_user(): two rings, each a page and its bytes */
	u32 bytes;    /* of one */
	struct rs_ring_side from_user, to_user;
	void *message; /* what is under way; RS_MESSAGE_MAX at most */
};

struct rs_relay;

/* One client of one channel. */
struct rs_session {
	u64 number;
	struct mutex lock; /* of all below, but for the event's */
	u32 length, checked;
	u64 next; /* number of the next DATA to the user */
	struct rs_sink sink;
	struct rs_hold reply; /* of a channel that writes first and reads then */
	struct rs_rings rings;
	struct rs_relay *relay;
	unsigned long has_device; /* bit 0, atomic: one is made, or being made */
	struct device *device;

	spinlock_t event_lock;
	wait_queue_head_t wait;
	struct hrtimer timer;
	struct eventfd_ctx *eventfd;
	struct kernfs_node *event_file; /* its readers are told, too */
	bool armed;
	u64 events, seen, signal_ns;
};

struct rs_session *rs_session_open(void);
void rs_session_close(struct rs_session *session);
/* open() and release() of a file whose private_data is a session. */
int rs_session_file_open(struct inode *inode, struct file *file);
int rs_session_file_release(struct inode *inode, struct file *file);
int rs_session_setup(struct rs_session *session, u32 length, u32 checked);
/* A whole message from a user, at `message` in kernel memory. An ECHO becomes its REPLY, in place,
 * and 1 is returned; 0: DATA, taken; EBADMSG. Under the session's lock. */
int rs_session_take(struct rs_session *session, void *message, size_t bytes);
/* The next DATA, made at `message`, which has room for it; its bytes. Under the lock. */
u32 rs_session_make(struct rs_session *session, void *message);
/* SETUP and STATUS, on the files of every channel that is one; ENOTTY for others. */
long rs_session_ioctl(struct rs_session *session, unsigned int command, unsigned long argument);
/* A whole message from a user; an ECHO's answer is what is got next. Takes of `hold` what it needs,
 * and leaves the rest to be ended. */
int rs_session_put(struct rs_session *session, struct rs_hold *hold);
/* An answer, else the next DATA, of at most `room` bytes: in `hold`, which is to be ended where 0
 * is returned. EMSGSIZE, EINTR, ENOMEM. */
int rs_session_get(struct rs_session *session, size_t room, struct rs_hold *hold);
/* A whole message from a user, and at once the answer, of at most `room` bytes, where it is an
 * ECHO: its bytes; 0: DATA, taken. EMSGSIZE, EBADMSG, EFAULT, EINTR, ENOMEM. */
int rs_session_send(struct rs_session *session, const void __user *from, u32 bytes,
		    void __user *to, u32 room);
/* A message in kernel memory of `room` bytes, whose header says how long it is, and which has no
 * answer. EMSGSIZE: it is longer, or an ECHO; EBADMSG, EINTR. */
int rs_session_take_small(struct rs_session *session, void *message, size_t room);
/* write(2) of one whole message: an ECHO's answer is what is read next. */
ssize_t rs_session_write(struct rs_session *session, const char __user *from, size_t bytes);
/* read(2) of one whole message: an answer, else the next DATA. EMSGSIZE: it has no room. */
ssize_t rs_session_read(struct rs_session *session, char __user *to, size_t room);
/* A message out of a user's memory; `hold` is to be ended where 0 is returned. EMSGSIZE, EFAULT,
 * ENOMEM. */
int rs_hold_in(struct rs_hold *hold, const void __user *from, size_t bytes);

/* NULL for -1. EBADF, EINVAL. */
int rs_eventfd_get(s32 number, struct eventfd_ctx **eventfd);
void rs_eventfd_signal(struct eventfd_ctx *eventfd);

void rs_event_start(struct rs_session *session);
void rs_event_stop(struct rs_session *session);
int rs_event_notify(struct rs_session *session, u32 delay, s32 eventfd);
int rs_event_wait(struct rs_session *session, struct rs_channel_wait *wait);
__poll_t rs_event_poll(struct rs_session *session, struct file *file, poll_table *table);

int rs_rings_make(struct rs_session *session, struct rs_channel_rings *call);
int rs_rings_map(struct rs_session *session, struct vm_area_struct *area);
int rs_rings_kick(struct rs_session *session, struct rs_channel_kick *kick);
void rs_rings_free(struct rs_session *session);

int rs_relay_make(struct rs_session *session, const struct rs_channel_relay *call);
int rs_relay_state(struct rs_session *session, struct rs_channel_relay_state *call);
int rs_relay_produce(struct rs_session *session, struct rs_channel_produce *call);
/* What was lost is forgotten, as is what was numbered. */
void rs_relay_setup(struct rs_session *session);
void rs_relay_free(struct rs_session *session);

/* By the tracepoint. */
int rs_trace_produce(struct rs_session *session, const struct rs_channel_produce *call);
void rs_trace_event(u64 session, u64 sequence);

/* NULL: the file is none of /dev/ringside-channel. */
struct rs_session *rs_device_session(const struct file *file);
int rs_device_start(void);
void rs_device_stop(void);
int rs_proc_start(void);
void rs_proc_stop(void);
int rs_debug_start(void);
void rs_debug_stop(void);
struct dentry *rs_debug_folder(void);
/* Not under the session's lock. */
int rs_sysfs_make(struct rs_session *session, struct rs_channel_device *call);
void rs_sysfs_free(struct rs_session *session);
int rs_sysfs_start(void);
void rs_sysfs_stop(void);
int rs_netlink_start(void);
void rs_netlink_stop(void);
/* To whoever listens to the group. May be called in any context. */
void rs_netlink_event(u64 sequence);

#endif
