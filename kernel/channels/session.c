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
	kvfree(session->reply);
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
	struct rs_message *header = message;
	struct rs_view view;

	if (!rs_message_read(message, bytes, &view) || view.bytes != bytes)
		return -EBADMSG;
	switch (view.type) {
	case RS_MESSAGE_ECHO:
		header->type = RS_MESSAGE_REPLY;
		return 1;
	case RS_MESSAGE_DATA:
		rs_sink_take(&session->sink, &view);
		return 0;
	default:
		return -EBADMSG;
	}
}

u32 rs_session_make(struct rs_session *session, void *message)
{
	rs_message_make(message, RS_MESSAGE_DATA, session->next++, session->length,
			session->checked);
	return sizeof(struct rs_message) + session->length;
}

void *rs_message_in(const void __user *from, size_t bytes)
{
	void *message;

	if (bytes > RS_MESSAGE_MAX)
		return ERR_PTR(-EMSGSIZE);
	message = kvmalloc(max_t(size_t, bytes, 1), GFP_KERNEL_ACCOUNT);
	if (!message)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_user(message, from, bytes))
		return message;
	kvfree(message);
	return ERR_PTR(-EFAULT);
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

int rs_session_put(struct rs_session *session, void *message, size_t bytes)
{
	int status;

	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	status = rs_session_take(session, message, bytes);
	if (status > 0) {
		swap(session->reply, message);
		session->reply_bytes = bytes;
	}
	mutex_unlock(&session->lock);
	kvfree(message);
	return status < 0 ? status : 0;
}

ssize_t rs_session_write(struct rs_session *session, const char __user *from, size_t bytes)
{
	void *message = rs_message_in(from, bytes);
	int status;

	if (IS_ERR(message))
		return PTR_ERR(message);
	status = rs_session_put(session, message, bytes);
	return status ? status : bytes;
}

static int answer(struct rs_session *session, void *message, u32 bytes, void __user *to, u32 room)
{
	int status;

	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	status = rs_session_take(session, message, bytes);
	mutex_unlock(&session->lock);
	if (status <= 0)
		return status;
	if (room < bytes)
		return -EMSGSIZE;
	return copy_to_user(to, message, bytes) ? -EFAULT : (int)bytes;
}

int rs_session_send(struct rs_session *session, const void __user *from, u32 bytes,
		    void __user *to, u32 room)
{
	void *message = rs_message_in(from, bytes);
	int status;

	if (IS_ERR(message))
		return PTR_ERR(message);
	status = answer(session, message, bytes, to, room);
	kvfree(message);
	return status;
}
EXPORT_SYMBOL_GPL(rs_session_send);

static void *next_out(struct rs_session *session, size_t room, u32 *bytes)
{
	void *message = session->reply;

	*bytes = message ? session->reply_bytes : sizeof(struct rs_message) + session->length;
	if (*bytes > room)
		return ERR_PTR(-EMSGSIZE);
	session->reply = NULL;
	if (message)
		return message;
	message = kvmalloc(*bytes, GFP_KERNEL_ACCOUNT);
	if (!message)
		return ERR_PTR(-ENOMEM);
	rs_session_make(session, message);
	return message;
}

void *rs_session_get(struct rs_session *session, size_t room, u32 *bytes)
{
	void *message;

	if (mutex_lock_killable(&session->lock))
		return ERR_PTR(-EINTR);
	message = next_out(session, room, bytes);
	mutex_unlock(&session->lock);
	return message;
}

ssize_t rs_session_read(struct rs_session *session, char __user *to, size_t room)
{
	unsigned long left;
	u32 bytes;
	void *message = rs_session_get(session, room, &bytes);

	if (IS_ERR(message))
		return PTR_ERR(message);
	left = copy_to_user(to, message, bytes);
	kvfree(message);
	return left ? -EFAULT : (ssize_t)bytes;
}
EXPORT_SYMBOL_GPL(rs_session_read);
