// SPDX-License-Identifier: LGPL-2.1-or-later
/* /dev/ringside-channel: the ioctl channel, and io_uring's commands, which are the same calls; the
 * rings are mapped and events waited for here. */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif

#include "kernel/base/call.h"
#include "kernel/channels/channels.h"

static int do_send(struct rs_session *session, const struct rs_channel_send *send)
{
	int status;

	if (send->reserved)
		return -EINVAL;
	status = rs_session_send(session, u64_to_user_ptr(send->message), send->bytes,
				 u64_to_user_ptr(send->reply), send->room);
	return min(status, 0);
}

static int do_receive(struct rs_session *session, struct rs_channel_receive *receive)
{
	ssize_t bytes;

	if (receive->reserved)
		return -EINVAL;
	bytes = rs_session_read(session, u64_to_user_ptr(receive->message), receive->room);
	if (bytes < 0)
		return bytes;
	receive->bytes = bytes;
	return 0;
}

static int do_notify(struct rs_session *session, const struct rs_channel_notify *notify)
{
	return notify->reserved ? -EINVAL
				: rs_event_notify(session, notify->delay, notify->eventfd);
}

static int do_wait(struct rs_session *session, struct rs_channel_wait *wait)
{
	return wait->reserved ? -EINVAL : rs_event_wait(session, wait);
}

static int do_produce(struct rs_session *session, struct rs_channel_produce *produce)
{
	if (produce->reserved)
		return -EINVAL;
	switch (produce->way) {
	case RS_CHANNEL_WAY_RELAY:
		return rs_relay_produce(session, produce);
	case RS_CHANNEL_WAY_TRACEPOINT:
		return rs_trace_produce(session, produce);
	default:
		return -EINVAL;
	}
}

union call {
	struct rs_call_head head;
	struct rs_channel_send send;
	struct rs_channel_receive receive;
	struct rs_channel_notify notify;
	struct rs_channel_wait wait;
	struct rs_channel_rings rings;
	struct rs_channel_kick kick;
	struct rs_channel_relay relay;
	struct rs_channel_relay_state state;
	struct rs_channel_produce produce;
	struct rs_channel_device device;
};

static int do_memory(struct rs_session *session, unsigned int command, union call *call)
{
	switch (command) {
	case RS_CHANNEL_IOC_RINGS:
		return rs_rings_make(session, &call->rings);
	case RS_CHANNEL_IOC_KICK:
		return rs_rings_kick(session, &call->kick);
	case RS_CHANNEL_IOC_RELAY:
		return rs_relay_make(session, &call->relay);
	case RS_CHANNEL_IOC_RELAY_STATE:
		return rs_relay_state(session, &call->state);
	default:
		return do_produce(session, &call->produce);
	}
}

static int do_locked(struct rs_session *session, unsigned int command, union call *call)
{
	int status;

	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	status = do_memory(session, command, call);
	mutex_unlock(&session->lock);
	return status;
}

static int do_call(struct rs_session *session, unsigned int command, union call *call)
{
	switch (command) {
	case RS_CHANNEL_IOC_SEND:
		return do_send(session, &call->send);
	case RS_CHANNEL_IOC_RECEIVE:
		return do_receive(session, &call->receive);
	case RS_CHANNEL_IOC_NOTIFY:
		return do_notify(session, &call->notify);
	case RS_CHANNEL_IOC_WAIT:
		return do_wait(session, &call->wait);
	case RS_CHANNEL_IOC_DEVICE:
		return rs_sysfs_make(session, &call->device);
	default:
		return do_locked(session, command, call);
	}
}

static bool is_call(unsigned int command)
{
	switch (command) {
	case RS_CHANNEL_IOC_SEND:
	case RS_CHANNEL_IOC_RECEIVE:
	case RS_CHANNEL_IOC_NOTIFY:
	case RS_CHANNEL_IOC_WAIT:
	case RS_CHANNEL_IOC_RINGS:
	case RS_CHANNEL_IOC_KICK:
	case RS_CHANNEL_IOC_RELAY:
	case RS_CHANNEL_IOC_RELAY_STATE:
	case RS_CHANNEL_IOC_PRODUCE:
	case RS_CHANNEL_IOC_DEVICE:
		return true;
	default:
		return false;
	}
}

static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	union call call;
	int status;

	if (!is_call(command))
		return rs_session_ioctl(file->private_data, command, argument);
	status = rs_call_in(&call.head, command, argument, RS_CHANNEL_VERSION);
	if (!status)
		status = do_call(file->private_data, command, &call);
	return status ? status : rs_call_out(&call.head, command, argument);
}

static const void *parameters(const struct io_uring_cmd *command)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return io_uring_sqe_cmd(command->sqe);
#else
	return command->cmd;
#endif
}

/* SEND_AT and RECEIVE_AT. `there` may lie in memory that the user goes on writing to. The result is
 * 0 or an error: 6.1 takes what is more for a failure that has to be told at once, and tells it. */
static int do_at(struct rs_session *session, unsigned int command,
		 const struct rs_channel_at *there)
{
	void __user *message = u64_to_user_ptr(READ_ONCE(there->message));
	u32 bytes = READ_ONCE(there->bytes);
	struct rs_channel_send send = { .message = (unsigned long)message, .bytes = bytes };

	if (READ_ONCE(there->reserved))
		return -EINVAL;
	if (command == RS_CHANNEL_URING_RECEIVE_AT)
		return min_t(ssize_t, rs_session_read(session, message, bytes), 0);
	return do_send(session, &send);
}

/* SEND. `there`, 80 bytes, is such memory, too: it is read once, and what was read is judged. */
static int do_here(struct rs_session *session, const u64 *there)
{
	u64 message[(sizeof(struct rs_message) + RS_CHANNEL_URING_SMALL) / sizeof(u64)]
		__attribute__((uninitialized));
	size_t each;

#pragma GCC unroll 16
	for (each = 0; each < ARRAY_SIZE(message); each++)
		message[each] = READ_ONCE(there[each]);
	return rs_session_take_small(session, message, sizeof(message));
}

/* Done at once, and so in the order of submission. What sleeps until something happens is not for
 * here. */
static int on_uring(struct io_uring_cmd *command, unsigned int flags)
{
	switch (command->cmd_op) {
	case RS_CHANNEL_URING_SEND:
		return flags & IO_URING_F_SQE128
			? do_here(command->file->private_data, parameters(command))
			: -EINVAL;
	case RS_CHANNEL_URING_SEND_AT:
	case RS_CHANNEL_URING_RECEIVE_AT:
		return do_at(command->file->private_data, command->cmd_op, parameters(command));
	case RS_CHANNEL_IOC_WAIT:
		return -EOPNOTSUPP;
	default:
		return on_ioctl(command->file, command->cmd_op,
				READ_ONCE(*(const u64 *)parameters(command)));
	}
}

static int on_mmap(struct file *file, struct vm_area_struct *area)
{
	return rs_rings_map(file->private_data, area);
}

static __poll_t on_poll(struct file *file, poll_table *table)
{
	return rs_event_poll(file->private_data, file, table);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = rs_session_file_open,
	.release = rs_session_file_release,
	.unlocked_ioctl = on_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = on_uring,
	.mmap = on_mmap,
	.poll = on_poll,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringside-channel",
	.fops = &operations,
	.mode = 0600,
};

struct rs_session *rs_device_session(const struct file *file)
{
	return file->f_op == &operations ? file->private_data : NULL;
}
EXPORT_SYMBOL_GPL(rs_device_session);

int rs_device_start(void)
{
	return misc_register(&device);
}

void rs_device_stop(void)
{
	misc_deregister(&device);
}
