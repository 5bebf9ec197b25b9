// SPDX-License-Identifier: LGPL-2.1-or-later
/* The service behind every channel: messages are judged and made by the core, here is their
 * memory. */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kernel/base/call.h"
#include "kernel/channels/channels.h"

static atomic64_t numbers;

struct rs_session *rs_session_open(void)
{
	struct rs_session *session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);

	if (!session)
		return NULL;
	__module_get(THIS_MODULE); /* procfs and netlink hold none */
	session->number = atomic64_inc_return(&numbers);
	mutex_init(&session->lock);
	rs_sink_start(&session->sink, 0);
	rs_event_start(session);
	return session;
}

void rs_session_close(struct rs_session *session)
{
	rs_event_stop(session);
	rs_sysfs_free(session);
	rs_rings_free(session);
	rs_relay_free(session);
	rs_hold_end(&session->reply);
	kfree(session);
	module_put(THIS_MODULE);
}

int rs_session_file_open(struct inode *inode, struct file *file)
{
	file->private_data = rs_session_open();
	return file->private_data ? 0 : -ENOMEM;
}

int rs_session_file_release(struct inode *inode, struct file *file)
{
	rs_session_close(file->private_data);
	return 0;
}

int rs_session_setup(struct rs_session *session, u32 length, u32 checked)
{
	if (length > RS_CHANNEL_PAYLOAD_MAX || checked > 1)
		return -EINVAL;
	session->length = length;
	session->checked = checked;
	rs_sink_start(&session->sink, checked);
	session->next = 0;
	rs_relay_setup(session);
	return 0;
}

int rs_session_take(struct rs_session *session, void *message, size_t bytes)
{
	int status = rs_sink_serve(&session->sink, message, bytes);

	return status < 0 ? -EBADMSG : status;
}

u32 rs_session_make(struct rs_session *session, void *message)
{
	rs_message_make(message, RS_MESSAGE_DATA, session->next++, session->length,
			session->checked);
	return sizeof(struct rs_message) + session->length;
}

int rs_hold_in(struct rs_hold *hold, const void __user *from, size_t bytes)
{
	int status = rs_hold_make(hold, bytes);

	if (!status)
		status = rs_bytes_in(hold->at, from, bytes);
	if (status)
		rs_hold_end(hold);
	return status;
}

static int do_status(struct rs_session *session, struct rs_channel_status *status)
{
	rs_sink_counts(&session->sink, (unsigned long long *)&status->counts);
	status->number = session->number;
	return 0;
}

union call {
	struct rs_call_head head;
	struct rs_channel_setup setup;
	struct rs_channel_status status;
};

static int do_call(struct rs_session *session, unsigned int command, union call *call)
{
	if (command == RS_CHANNEL_IOC_STATUS)
		return do_status(session, &call->status);
	if (call->setup.reserved)
		return -EINVAL;
	return rs_session_setup(session, call->setup.length, call->setup.checked);
}

long rs_session_ioctl(struct rs_session *session, unsigned int command, unsigned long argument)
{
	union call call;
	int status;

	if (command != RS_CHANNEL_IOC_SETUP && command != RS_CHANNEL_IOC_STATUS)
		return -ENOTTY;
	status = rs_call_in(&call.head, command, argument, RS_CHANNEL_VERSION);
	if (status)
		return status;
	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	status = do_call(session, command, &call);
	mutex_unlock(&session->lock);
	return status ? status : rs_call_out(&call.head, command, argument);
}

int rs_session_put(struct rs_session *session, struct rs_hold *hold)
{
	int status;

	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	status = rs_session_take(session, hold->at, hold->bytes);
	if (status > 0) {
		rs_hold_end(&session->reply);
		rs_hold_move(&session->reply, hold);
	}
	mutex_unlock(&session->lock);
	return status < 0 ? status : 0;
}

ssize_t rs_session_write(struct rs_session *session, const char __user *from, size_t bytes)
{
	RS_HOLD hold;
	int status = rs_hold_in(&hold, from, bytes);

	if (status)
		return status;
	status = rs_session_put(session, &hold);
	rs_hold_end(&hold);
	return status ? status : bytes;
}

static int answer(struct rs_session *session, struct rs_hold *hold, void __user *to, u32 room)
{
	int status;

	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	status = rs_session_take(session, hold->at, hold->bytes);
	mutex_unlock(&session->lock);
	if (status <= 0)
		return status;
	if (room < hold->bytes)
		return -EMSGSIZE;
	status = rs_bytes_out(to, hold->at, hold->bytes);
	return status ? status : (int)hold->bytes;
}

int rs_session_send(struct rs_session *session, const void __user *from, u32 bytes,
		    void __user *to, u32 room)
{
	RS_HOLD hold;
	int status = rs_hold_in(&hold, from, bytes);

	if (status)
		return status;
	status = answer(session, &hold, to, room);
	rs_hold_end(&hold);
	return status;
}
EXPORT_SYMBOL_GPL(rs_session_send);

int rs_session_take_small(struct rs_session *session, void *message, size_t room)
{
	size_t bytes = sizeof(struct rs_message) + (size_t)((struct rs_message *)message)->length;
	int status;

	if (bytes > room)
		return -EMSGSIZE;
	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	status = rs_session_take(session, message, bytes);
	mutex_unlock(&session->lock);
	return status > 0 ? -EMSGSIZE : status;
}

static int next_out(struct rs_session *session, size_t room, struct rs_hold *hold)
{
	struct rs_hold *reply = &session->reply;
	u32 bytes = reply->at ? reply->bytes : sizeof(struct rs_message) + session->length;
	int status;

	if (bytes > room)
		return -EMSGSIZE;
	if (reply->at) {
		rs_hold_move(hold, reply);
		return 0;
	}
	status = rs_hold_make(hold, bytes);
	if (!status)
		rs_session_make(session, hold->at);
	return status;
}

int rs_session_get(struct rs_session *session, size_t room, struct rs_hold *hold)
{
	int status;

	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	status = next_out(session, room, hold);
	mutex_unlock(&session->lock);
	return status;
}

ssize_t rs_session_read(struct rs_session *session, char __user *to, size_t room)
{
	RS_HOLD hold;
	int status = rs_session_get(session, room, &hold);

	if (status)
		return status;
	status = rs_bytes_out(to, hold.at, hold.bytes);
	rs_hold_end(&hold);
	return status ? status : (ssize_t)hold.bytes;
}
EXPORT_SYMBOL_GPL(rs_session_read);
