// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/ringside-html (include/ringside/uapi/html.h): an open file is a stripper with its source,
 * its slice of input and its text, all of fixed size. read(2) takes slices from the source, has
 * them indexed between kernel_fpu_begin() and kernel_fpu_end(), and copies text out until the
 * caller's buffer is full. Between slices it gives the CPU away and looks for signals. One caller
 * at a time works on a file; files have nothing in common.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>

#include "include/ringside/uapi/html.h"
#include "kernel/base/call.h"
#include "kernel/html/bridge.h"
#include "kernel/html/html.h"

#define TEXT_BYTES (4 * RS_HTML_SLICE) /* what a slice may become: NUL is three bytes of text */

struct stripping {
	struct mutex lock;
	struct file *source; /* set once */
	loff_t place;
	enum rs_html_index_by by;
	struct rs_html_stripper *core;
	unsigned int slice_bytes;
	unsigned int text_at, text_end; /* text that is not read yet */
	bool ended;                     /* the source has; the last text is there */
	struct rs_html_status status;
	unsigned char slice[RS_HTML_SLICE];
	unsigned char text[TEXT_BYTES];
	u64 memory[]; /* the core's */
};

static enum rs_html_index_by best_index(void)
{
	if (boot_cpu_has(X86_FEATURE_AVX2) &&
	    cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL))
		return RS_HTML_INDEX_AVX2;
	return RS_HTML_INDEX_SSE2;
}

/* The FPU is held for one slice, some microseconds; what it costs is counted apart. */
static void index_slice(struct stripping *now)
{
	u64 start, begun, indexed;

	if (now->by == RS_HTML_INDEX_PORTABLE) {
		rs_html_index(now->core, now->slice, now->slice_bytes, now->by);
		return;
	}
	start = ktime_get_ns();
	kernel_fpu_begin();
	begun = ktime_get_ns();
	rs_html_index(now->core, now->slice, now->slice_bytes, now->by);
	indexed = ktime_get_ns();
	kernel_fpu_end();
	now->status.fpu_ns += begun - start + ktime_get_ns() - indexed;
}

/* A whole slice becomes text at once: its room is three times the slice and more. */
static void strip_slice(struct stripping *now)
{
	u64 start = ktime_get_ns();

	index_slice(now);
	now->text_at = 0;
	now->text_end = rs_html_run(now->core, now->slice, now->slice_bytes, now->text, TEXT_BYTES);
	now->status.core_ns += ktime_get_ns() - start;
	now->status.slices++;
	now->status.input_bytes += now->slice_bytes;
	now->status.text_bytes += now->text_end;
	WARN_ON_ONCE(!rs_html_done(now->core));
}

static void end_text(struct stripping *now)
{
	now->ended = true;
	now->text_at = 0;
	now->text_end = rs_html_finish(now->core, now->text, TEXT_BYTES);
	now->status.text_bytes += now->text_end;
}

/* Makes the next text, perhaps none: a slice may be all markup. */
static int make_text(struct stripping *now, char __user *bounce, size_t bounce_bytes)
{
	ssize_t size = rs_source_read(now->source, now->slice, RS_HTML_SLICE, &now->place, bounce,
				      bounce_bytes);

	if (size < 0)
		return size;
	now->slice_bytes = size;
	if (size)
		strip_slice(now);
	else
		end_text(now);
	return 0;
}

/* What is there, as far as it fits; the bytes. */
static ssize_t give_text(struct stripping *now, char __user *to, size_t room)
{
	unsigned int size = min_t(size_t, now->text_end - now->text_at, room);

	if (copy_to_user(to, now->text + now->text_at, size))
		return -EFAULT;
	now->text_at += size;
	return size;
}

/* One step of a read into `to`: text if there is some, or else a slice. The bytes given, 0 if none
 * yet, or an error. */
static ssize_t read_step(struct stripping *now, char __user *to, size_t room)
{
	ssize_t status;

	if (now->text_at < now->text_end)
		return give_text(now, to, room);
	if (signal_pending(current))
		return -ERESTARTSYS;
	status = make_text(now, to, room);
	cond_resched();
	return status;
}

static bool is_over(const struct stripping *now)
{
	return now->ended && now->text_at == now->text_end;
}

/* Fills the buffer from a regular file; from any other, gives what there is rather than wait. */
static ssize_t read_text(struct stripping *now, char __user *to, size_t room)
{
	bool regular = rs_source_regular(now->source);
	size_t given = 0;
	ssize_t step = 0;

	while (given < room && !is_over(now)) {
		if (given && !regular && now->text_at == now->text_end)
			break;
		step = read_step(now, to + given, room - given);
		if (step < 0)
			break;
		given += step;
	}
	return given ? given : step;
}

static ssize_t on_read(struct file *file, char __user *to, size_t room, loff_t *place)
{
	struct stripping *now = file->private_data;
	ssize_t status = -ENODATA;

	if (mutex_lock_killable(&now->lock))
		return -EINTR;
	if (now->source)
		status = read_text(now, to, room);
	mutex_unlock(&now->lock);
	return status;
}

static int take_source(struct stripping *now, const struct rs_html_source *call,
		       const struct file_operations *own)
{
	struct file *source;

	if (call->flags & ~RS_HTML_FLAGS || call->reserved || call->offset > LLONG_MAX)
		return -EINVAL;
	if (now->source)
		return -EBUSY;
	source = rs_source_get(call->fd, own);
	if (IS_ERR(source))
		return PTR_ERR(source);
	now->place = call->offset;
	now->by = call->flags & RS_HTML_PORTABLE ? RS_HTML_INDEX_PORTABLE : best_index();
	now->core = rs_html_start(now->memory, call->flags & RS_HTML_RAW);
	now->source = source;
	return 0;
}

static int read_rounds(struct file *source, void *buffer, struct rs_html_read *call)
{
	u64 start = ktime_get_ns();
	u32 round;

	for (round = 0; round < call->rounds; round++) {
		loff_t place = 0;
		ssize_t size = kernel_read(source, buffer, call->bytes, &place);

		if (size < 0)
			return size;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	call->elapsed_ns = ktime_get_ns() - start;
	return 0;
}

static int measure_reads(struct rs_html_read *call, const struct file_operations *own)
{
	struct file *source;
	void *buffer;
	int status;

	if (call->reserved || !call->bytes)
		return -EINVAL;
	if (call->rounds > RS_HTML_ROUNDS_MAX || call->bytes > RS_HTML_READ_MAX)
		return -E2BIG;
	source = rs_source_get(call->fd, own);
	if (IS_ERR(source))
		return PTR_ERR(source);
	buffer = kvmalloc(call->bytes, GFP_KERNEL_ACCOUNT);
	status = buffer ? read_rounds(source, buffer, call) : -ENOMEM;
	kvfree(buffer);
	fput(source);
	return status;
}

union call {
	struct rs_call_head head;
	struct rs_html_source source;
	struct rs_html_read read;
	struct rs_html_status status;
};

static int tell_status(struct stripping *now, union call *call)
{
	struct rs_call_head head = call->head;
	const struct rs_html_status *given = &call->status;

	if (given->reserved)
		return -EINVAL;
	call->status = now->status;
	call->head = head;
	return 0;
}

static int do_call(struct file *file, unsigned int command, union call *call)
{
	struct stripping *now = file->private_data;
	int status;

	if (command == RS_HTML_IOC_READ)
		return measure_reads(&call->read, file->f_op);
	if (mutex_lock_killable(&now->lock))
		return -EINTR;
	if (command == RS_HTML_IOC_SOURCE)
		status = take_source(now, &call->source, file->f_op);
	else
		status = tell_status(now, call);
	mutex_unlock(&now->lock);
	return status;
}

static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	union call call;
	int status;

	if (command != RS_HTML_IOC_SOURCE && command != RS_HTML_IOC_STATUS &&
	    command != RS_HTML_IOC_READ)
		return -ENOTTY;
	status = rs_call_in(&call.head, command, argument, RS_HTML_VERSION);
	if (!status)
		status = do_call(file, command, &call);
	if (status || command == RS_HTML_IOC_SOURCE)
		return status;
	return rs_call_out(&call.head, command, argument);
}

static int on_open(struct inode *inode, struct file *file)
{
	struct stripping *now;

	now = kvzalloc(struct_size(now, memory, DIV_ROUND_UP(rs_html_bytes(), sizeof(u64))),
		       GFP_KERNEL_ACCOUNT);
	if (!now)
		return -ENOMEM;
	mutex_init(&now->lock);
	file->private_data = now;
	return stream_open(inode, file);
}

static int on_release(struct inode *inode, struct file *file)
{
	struct stripping *now = file->private_data;

	if (now->source)
		fput(now->source);
	kvfree(now);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = on_open,
	.release = on_release,
	.read = on_read,
	.unlocked_ioctl = on_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringside-html",
	.fops = &operations,
	.mode = 0666, /* it reads only what its caller may read */
};

module_misc_device(device);

MODULE_DESCRIPTION("Ringside: text out of HTML");
MODULE_LICENSE("GPL");
