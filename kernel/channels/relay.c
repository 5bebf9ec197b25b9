// SPDX-License-Identifier: LGPL-2.1-or-later
/* Relay: a buffer for each CPU, of sub-buffers that are handed over whole; files in debugfs. The
 * session writes, whoever has a file reads or maps. relay's own read trusts that nothing is written
 * over what it reads, and its mmap that a mapping begins where the buffer does: both are seen to
 * here. */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/refcount.h>
#include <linux/relay.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "kernel/channels/channels.h"

struct rs_relay {
	refcount_t users;  /* its session, and open files: a mapping holds one, too */
	struct mutex lock; /* of positions and contents, between who writes and who reads */
	struct rchan *channel;
	bool overwrite;
	u64 lost;
	u32 messages[];    /* in each sub-buffer of each CPU */
};

static struct rs_relay *relay_of(const struct rchan_buf *buf)
{
	return buf->chan->private_data;
}

static u32 *messages_in(const struct rchan_buf *buf, const void *subbuf)
{
	size_t index = (subbuf - buf->start) / buf->chan->subbuf_size;

	return &relay_of(buf)->messages[buf->cpu * buf->chan->n_subbufs + index];
}

/* Multiples of eight: the header's first half, SKIP, always fits. */
static void fill_end(const struct rchan_buf *buf, void *subbuf, size_t padding)
{
	struct rs_message skip = { .length = padding - 8, .type = RS_MESSAGE_SKIP };

	memcpy(subbuf + buf->chan->subbuf_size - padding, &skip, 8);
}

/* Whether `subbuf` may be written. Called again for each message while all are full. */
static int on_subbuf(struct rchan_buf *buf, void *subbuf, void *old, size_t padding)
{
	struct rs_relay *relay = relay_of(buf);
	u32 *messages = messages_in(buf, subbuf);
	int full = relay_buf_full(buf);

	if (old && padding)
		fill_end(buf, old, padding);
	if (full && !relay->overwrite)
		return 0;
	if (full)
		relay->lost += *messages;
	*messages = 0;
	return 1;
}

static void put(struct rs_relay *relay)
{
	if (!refcount_dec_and_test(&relay->users))
		return;
	relay_close(relay->channel);
	kvfree(relay);
}

static int on_open(struct inode *inode, struct file *file)
{
	struct rs_relay *relay = relay_of(inode->i_private);

	if (!refcount_inc_not_zero(&relay->users))
		return -ENODEV;
	return relay_file_operations.open(inode, file); /* cannot fail */
}

static int on_release(struct inode *inode, struct file *file)
{
	struct rs_relay *relay = relay_of(file->private_data);

	relay_file_operations.release(inode, file);
	put(relay);
	return 0;
}

static ssize_t on_read(struct file *file, char __user *to, size_t room, loff_t *place)
{
	struct rs_relay *relay = relay_of(file->private_data);
	ssize_t bytes;

	if (mutex_lock_killable(&relay->lock))
		return -EINTR;
	bytes = relay_file_operations.read(file, to, room, place);
	mutex_unlock(&relay->lock);
	return bytes;
}

static int on_mmap(struct file *file, struct vm_area_struct *area)
{
	return area->vm_pgoff ? -EINVAL : relay_file_operations.mmap(file, area);
}

static __poll_t on_poll(struct file *file, poll_table *table)
{
	return relay_file_operations.poll(file, table);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = on_open,
	.release = on_release,
	.read = on_read,
	.mmap = on_mmap,
	.poll = on_poll,
};

/* "unsafe", because debugfs hides the mmap of other files; this file's last user removes it. */
static struct dentry *make_file(const char *name, struct dentry *parent, umode_t mode,
				struct rchan_buf *buf, int *is_global)
{
	struct dentry *file = debugfs_create_file_unsafe(name, mode, parent, buf, &operations);

	return IS_ERR(file) ? NULL : file;
}

static int remove_file(struct dentry *file)
{
	debugfs_remove(file);
	return 0;
}

static const struct rchan_callbacks callbacks = {
	.subbuf_start = on_subbuf,
	.create_buf_file = make_file,
	.remove_buf_file = remove_file,
};

static int open_channel(struct rs_relay *relay, u64 number, const struct rs_channel_relay *call)
{
	char name[32];

	refcount_set(&relay->users, 1);
	mutex_init(&relay->lock);
	relay->overwrite = call->overwrite;
	snprintf(name, sizeof(name), "relay-%llu-", number);
	relay->channel = relay_open(name, rs_debug_folder(), call->bytes, call->count, &callbacks,
				    relay);
	return relay->channel ? 0 : -ENOMEM;
}

int rs_relay_make(struct rs_session *session, const struct rs_channel_relay *call)
{
	struct rs_relay *relay;

	if (call->reserved || call->overwrite > 1 || !call->bytes ||
	    !PAGE_ALIGNED(call->bytes) || call->count < 2 ||
	    (u64)call->bytes * call->count > RS_CHANNEL_RING_MAX)
		return -EINVAL;
	if (session->relay)
		return -EBUSY;
	relay = kvzalloc(struct_size(relay, messages, nr_cpu_ids * call->count),
			 GFP_KERNEL_ACCOUNT);
	if (!relay)
		return -ENOMEM;
	if (open_channel(relay, session->number, call)) {
		kvfree(relay);
		return -ENOMEM;
	}
	session->relay = relay;
	return 0;
}

void rs_relay_setup(struct rs_session *session)
{
	if (session->relay)
		session->relay->lost = 0;
}

void rs_relay_free(struct rs_session *session)
{
	if (session->relay)
		put(session->relay);
}

/* A CPU that comes up gets its buffer then, for good. */
static struct rchan_buf *buffer_of(const struct rs_relay *relay, u32 cpu)
{
	if (cpu >= nr_cpu_ids || !cpu_possible(array_index_nospec(cpu, nr_cpu_ids)))
		return NULL;
	return READ_ONCE(*per_cpu_ptr(relay->channel->buf, array_index_nospec(cpu, nr_cpu_ids)));
}

static int release(struct rchan_buf *buf, struct rs_channel_relay_state *call)
{
	/* While it overwrites, the sub-buffer in hand was the oldest. */
	size_t most = buf->chan->n_subbufs - relay_of(buf)->overwrite;

	if (call->release > buf->subbufs_produced - buf->subbufs_consumed)
		return -EINVAL;
	buf->subbufs_consumed += call->release;
	if (buf->subbufs_produced - buf->subbufs_consumed > most) {
		buf->subbufs_consumed = buf->subbufs_produced - most;
		buf->bytes_consumed = 0;
	}
	if (call->release)
		buf->bytes_consumed = 0;
	call->produced = buf->subbufs_produced;
	call->taken = buf->subbufs_consumed;
	return 0;
}

int rs_relay_state(struct rs_session *session, struct rs_channel_relay_state *call)
{
	struct rs_relay *relay = session->relay;
	struct rchan_buf *buf;
	int status;

	if (!relay)
		return -ENODATA;
	buf = buffer_of(relay, call->cpu);
	if (!buf)
		return -ENXIO;
	if (mutex_lock_killable(&relay->lock))
		return -EINTR;
	status = release(buf, call);
	mutex_unlock(&relay->lock);
	return status;
}

/* In place: nobody else writes or reads, and the reserved room stays where it is if we move on to
 * another CPU. A message that has none takes its number along. */
static void write_one(struct rs_session *session, size_t bytes)
{
	struct rs_relay *relay = session->relay;
	struct rchan_buf *buf;
	void *at;

	preempt_disable();
	buf = *this_cpu_ptr(relay->channel->buf);
	at = relay_reserve(relay->channel, bytes);
	preempt_enable();
	if (at) {
		++*messages_in(buf, buf->data);
		rs_session_make(session, at);
	} else {
		relay->lost++;
		session->next++;
	}
}

static int write_some(struct rs_session *session, size_t bytes, u32 count)
{
	size_t since = 0; /* we looked up */

	for (; count; count--, since += bytes) {
		write_one(session, bytes);
		if (since < PAGE_SIZE)
			continue;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		since = 0;
	}
	return 0;
}

/* relay_flush() would hand over empty ones, too, and for each lose a full one. */
static void finish(struct rs_relay *relay)
{
	struct rchan_buf *buf;
	int cpu;

	for_each_possible_cpu(cpu) {
		buf = buffer_of(relay, cpu);
		if (buf && buf->offset && buf->offset <= buf->chan->subbuf_size)
			relay_switch_subbuf(buf, 0);
	}
}

int rs_relay_produce(struct rs_session *session, struct rs_channel_produce *call)
{
	struct rs_relay *relay = session->relay;
	size_t bytes = ALIGN(sizeof(struct rs_message) + session->length, 8);
	int status;

	if (!relay)
		return -ENODATA;
	if (bytes > relay->channel->subbuf_size)
		return -EMSGSIZE;
	if (mutex_lock_killable(&relay->lock))
		return -EINTR;
	status = write_some(session, bytes, call->count);
	finish(relay);
	call->lost = relay->lost;
	mutex_unlock(&relay->lock);
	return status;
}
