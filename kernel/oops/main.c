// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/ringside-oops (include/ringside/uapi/oops.h): takes tables, sets the hook up and tells what
 * it would print.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kernel/base/call.h"
#include "kernel/oops/oops.h"

static int do_arm(const struct rs_oops_arm *arm)
{
	struct rs_oops_status now = {};

	if (arm->reserved || arm->on > 1)
		return -EINVAL;
	rs_trace_status(&now);
	return arm->on && now.off ? -EIO : rs_hook_arm(arm->on);
}

static int do_status(struct rs_oops_status *status)
{
	if (status->reserved || status->reserved2)
		return -EINVAL;
	*status = (struct rs_oops_status){
		.size = sizeof(*status),
		.version = RS_OOPS_VERSION,
		.armed = rs_hook_stands(),
		.build_id_bytes = rs_running.id_bytes,
	};
	memcpy(status->build_id, rs_running.id, rs_running.id_bytes);
	rs_held_status(status);
	rs_trace_status(status);
	return 0;
}

static u32 frame(struct rs_words *words, struct rs_oops_frame *frame)
{
	u64 start;

	mutex_lock(&rs_tables.lock);
	start = ktime_get_ns();
	frame->text_bytes = rs_frame(words, frame->address, frame->is_return);
	frame->elapsed_ns = ktime_get_ns() - start;
	mutex_unlock(&rs_tables.lock);
	return frame->text_bytes;
}

static int do_frame(struct rs_oops_frame *call)
{
	struct rs_words *words;
	u32 bytes;

	if (call->reserved || call->is_return > 1)
		return -EINVAL;
	words = kmalloc(sizeof(*words), GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	bytes = frame(words, call);
	if (copy_to_user(u64_to_user_ptr(call->text), words->text, bytes))
		bytes = ~0u;
	kfree(words);
	return bytes == ~0u ? -EFAULT : 0;
}

union call {
	struct rs_call_head head;
	struct rs_oops_take take;
	struct rs_oops_drop drop;
	struct rs_oops_arm arm;
	struct rs_oops_status status;
	struct rs_oops_frame frame;
};

static int do_call(unsigned int command, union call *call, const struct file *file)
{
	switch (command) {
	case RS_OOPS_IOC_TAKE:
		return rs_held_take(&call->take, file);
	case RS_OOPS_IOC_DROP:
		return rs_held_drop(&call->drop);
	case RS_OOPS_IOC_ARM:
		return do_arm(&call->arm);
	case RS_OOPS_IOC_FRAME:
		return do_frame(&call->frame);
	default:
		return do_status(&call->status);
	}
}

static bool is_call(unsigned int command)
{
	switch (command) {
	case RS_OOPS_IOC_TAKE:
	case RS_OOPS_IOC_DROP:
	case RS_OOPS_IOC_ARM:
	case RS_OOPS_IOC_STATUS:
	case RS_OOPS_IOC_FRAME:
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
		return -ENOTTY;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	status = rs_call_in(&call.head, command, argument, RS_OOPS_VERSION);
	if (!status)
		status = do_call(command, &call, file);
	return status ? status : rs_call_out(&call.head, command, argument);
}

static int on_release(struct inode *inode, struct file *file)
{
	rs_spaces_drop(file);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.release = on_release,
	.unlocked_ioctl = on_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringside-oops",
	.fops = &operations,
	.mode = 0600,
};

/* In this order, and taken away in the other; each step's own end, for a start that fails. */
static const struct step {
	int (*start)(void);
	void (*stop)(void);
} steps[] = {
	{ rs_read_running, NULL },
	{ rs_trace_start, rs_trace_stop },
	{ rs_held_start, rs_held_stop },
	{ rs_hook_start, rs_hook_stop },
	{ rs_modules_start, rs_modules_stop },
};

static void stop_from(int each)
{
	while (each-- > 0)
		if (steps[each].stop)
			steps[each].stop();
}

static int __init start(void)
{
	int each, status = 0;

	for (each = 0; each < ARRAY_SIZE(steps); each++) {
		status = steps[each].start();
		if (status)
			break;
	}
	if (!status)
		status = misc_register(&device);
	if (status)
		stop_from(each);
	return status;
}

static void __exit stop(void)
{
	misc_deregister(&device);
	stop_from(ARRAY_SIZE(steps));
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside: source lines and inlined functions in the kernel's own traces");
MODULE_LICENSE("GPL");
