// SPDX-License-Identifier: LGPL-2.1-or-later
/* /proc/ringside-channel: a seq_file. A read gives as many whole messages as its buffer takes, the
 * answer to what was written last first; seq_file may ask for one again that did not fit, so a
 * message is made by its position. */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "kernel/channels/channels.h"

static void *start(struct seq_file *seq, loff_t *position)
{
	struct rs_session *session = seq->private;

	if (mutex_lock_killable(&session->lock))
		return ERR_PTR(-EINTR);
	return session;
}

static void *next(struct seq_file *seq, void *session, loff_t *position)
{
	struct rs_session *of = session;

	if (of->reply.at)
		rs_hold_end(&of->reply);
	else
		of->next++;
	++*position;
	return session;
}

static void stop(struct seq_file *seq, void *session)
{
	if (!IS_ERR_OR_NULL(session))
		mutex_unlock(&((struct rs_session *)session)->lock);
}

static int show(struct seq_file *seq, void *v)
{
	struct rs_session *session = v;
	size_t room;
	char *at;
	u32 bytes = sizeof(struct rs_message) + session->length;

	if (session->reply.at)
		return seq_write(seq, session->reply.at, session->reply.bytes), 0;
	room = seq_get_buf(seq, &at);
	if (room < bytes) {
		seq_commit(seq, -1);
		return 0;
	}
	rs_session_make(session, at);
	session->next--; /* next() counts it */
	seq_commit(seq, bytes);
	return 0;
}

static const struct seq_operations sequence = {
	.start = start, .next = next, .stop = stop, .show = show
};

static int on_open(struct inode *inode, struct file *file)
{
	struct rs_session *session = rs_session_open();
	int status = session ? seq_open(file, &sequence) : -ENOMEM;

	if (!status)
		((struct seq_file *)file->private_data)->private = session;
	else if (session)
		rs_session_close(session);
	return status;
}

static struct rs_session *session_of(const struct file *file)
{
	return ((struct seq_file *)file->private_data)->private;
}

static int on_release(struct inode *inode, struct file *file)
{
	rs_session_close(session_of(file));
	return seq_release(inode, file);
}

static ssize_t on_write(struct file *file, const char __user *from, size_t bytes, loff_t *place)
{
	return rs_session_write(session_of(file), from, bytes);
}

static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return rs_session_ioctl(session_of(file), command, argument);
}

static const struct proc_ops operations = {
	.proc_open = on_open,
	.proc_release = on_release,
	.proc_read = seq_read,
	.proc_write = on_write,
	.proc_ioctl = on_ioctl,
	.proc_lseek = seq_lseek,
};

static struct proc_dir_entry *entry;

int rs_proc_start(void)
{
	entry = proc_create("ringside-channel", 0600, NULL, &operations);
	return entry ? 0 : -ENOMEM;
}

void rs_proc_stop(void)
{
	proc_remove(entry);
}
