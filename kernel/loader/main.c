// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/ringside (include/ringside/uapi/loader.h): one load an open file. modules_disabled, the
 * security modules and audit have had their say before a load comes to the hook: init_module(2)
 * asks them. Lockdown is asked for here, because user space's bytes are not those that were signed.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kernel/base/call.h"
#include "kernel/loader/loader.h"

void rs_load_free(struct kref *references)
{
	kfree(container_of(references, struct rs_load, references));
}

static int may_use(void)
{
	return capable(CAP_SYS_MODULE) ? rs_policy(0) : -EPERM;
}

static int on_open(struct inode *inode, struct file *file)
{
	struct rs_load *load;
	int status = may_use();

	if (status)
		return status;
	load = kzalloc(sizeof(*load), GFP_KERNEL_ACCOUNT);
	if (!load)
		return -ENOMEM;
	kref_init(&load->references);
	INIT_LIST_HEAD(&load->claim);
	mutex_init(&load->lock);
	init_waitqueue_head(&load->changed);
	file->private_data = load;
	return 0;
}

static int on_release(struct inode *inode, struct file *file)
{
	struct rs_load *load = file->private_data;

	rs_unclaim(load);
	mutex_lock(&load->lock);
	load->closed = true;
	if (load->about.state == RS_LOADER_PARKED)
		rs_settle(load, RS_LOADER_BY_NOBODY, ECANCELED);
	mutex_unlock(&load->lock);
	kref_put(&load->references, rs_load_free);
	return 0;
}

static bool may_arm(const struct rs_load *load)
{
	return load->about.state == RS_LOADER_IDLE || load->about.state == RS_LOADER_ENDED;
}

static int arm_load(struct rs_load *load, const struct rs_loader_arm *arm)
{
	int status;

	if (!may_arm(load))
		return -EALREADY;
	load->about = (struct rs_loader_load){ .mode = arm->mode };
	load->timeout_ms = arm->timeout_ms;
	status = rs_claim(load);
	if (!status)
		load->about.state = RS_LOADER_ARMED;
	return status;
}

static int do_arm(struct rs_load *load, const struct rs_loader_arm *arm)
{
	int status = may_use();

	if (status)
		return status;
	if (arm->mode < RS_LOADER_USER || arm->mode > RS_LOADER_SHADOW || arm->reserved)
		return -EINVAL;
	if (!arm->timeout_ms || arm->timeout_ms > RS_LOADER_TIMEOUT_MAX)
		return -EINVAL;
	status = rs_policy(arm->mode);
	if (status)
		return status;
	mutex_lock(&load->lock);
	status = arm_load(load, arm);
	mutex_unlock(&load->lock);
	return status;
}

static int disarm_load(struct rs_load *load)
{
	if (load->about.state == RS_LOADER_PARKED || load->about.state == RS_LOADER_GOING)
		return -EBUSY;
	if (!rs_unclaim(load))
		return -EBUSY;
	load->about = (struct rs_loader_load){};
	return 0;
}

static int do_disarm(struct rs_load *load, struct rs_loader_disarm *disarm)
{
	int status;

	if (disarm->state || disarm->reserved)
		return -EINVAL;
	mutex_lock(&load->lock);
	disarm->state = load->about.state;
	status = disarm_load(load);
	mutex_unlock(&load->lock);
	wake_up_all(&load->changed);
	return status;
}

static bool is_settled(const struct rs_load *load)
{
	u32 state = READ_ONCE(load->about.state);

	return state != RS_LOADER_ARMED && state != RS_LOADER_GOING;
}

static int do_wait(struct rs_load *load, bool block, struct rs_loader_load *about)
{
	if (about->reserved)
		return -EINVAL;
	if (block && wait_event_interruptible(load->changed, is_settled(load)))
		return -ERESTARTSYS; /* not EINTR: it may be no signal, but work for the task */
	mutex_lock(&load->lock);
	*about = load->about;
	mutex_unlock(&load->lock);
	about->size = sizeof(*about);
	about->version = RS_LOADER_VERSION;
	if (about->state == RS_LOADER_IDLE)
		return -ENODATA;
	return about->state == RS_LOADER_PARKED || about->state == RS_LOADER_ENDED ? 0 : -EAGAIN;
}

static bool is_verdict(const struct rs_loader_verdict *verdict)
{
	if (verdict->verdict == RS_LOADER_FAIL)
		return verdict->error && verdict->error <= MAX_ERRNO;
	return !verdict->error && (verdict->verdict == RS_LOADER_DONE ||
				   verdict->verdict == RS_LOADER_GIVE_BACK);
}

static int complete_load(struct rs_load *load, const struct rs_loader_verdict *verdict)
{
	bool user = load->about.mode == RS_LOADER_USER;
	bool done = verdict->verdict == RS_LOADER_DONE;

	if (load->about.state != RS_LOADER_PARKED)
		return -ENODATA;
	if (verdict->verdict == RS_LOADER_FAIL)
		rs_settle(load, RS_LOADER_BY_NOBODY, verdict->error);
	else if (user ? !rs_may_settle(load, done) : !done)
		return -EINVAL;
	else
		rs_settle(load, user && done ? RS_LOADER_BY_USER : RS_LOADER_BY_KERNEL, 0);
	return 0;
}

static int do_complete(struct rs_load *load, const struct rs_loader_verdict *verdict)
{
	int status;

	if (!is_verdict(verdict))
		return -EINVAL;
	mutex_lock(&load->lock);
	status = complete_load(load, verdict);
	mutex_unlock(&load->lock);
	return status;
}

static int do_status(struct rs_loader_status *status)
{
	if (status->reserved)
		return -EINVAL;
	status->hooked = rs_hook_stands(&status->armed);
	status->by_user = atomic64_read(&rs_counts.by[RS_LOADER_BY_USER]);
	status->by_core = atomic64_read(&rs_counts.by[RS_LOADER_BY_CORE]);
	status->by_kernel = atomic64_read(&rs_counts.by[RS_LOADER_BY_KERNEL]);
	status->failed = atomic64_read(&rs_counts.failed);
	status->timed_out = atomic64_read(&rs_counts.timed_out);
	return 0;
}

union call {
	struct rs_call_head head;
	struct rs_loader_arm arm;
	struct rs_loader_disarm disarm;
	struct rs_loader_load load;
	struct rs_loader_table table;
	struct rs_loader_verdict verdict;
	struct rs_loader_status status;
};

static int do_call(struct file *file, unsigned int command, union call *call)
{
	struct rs_load *load = file->private_data;

	switch (command) {
	case RS_LOADER_IOC_ARM:
		return do_arm(load, &call->arm);
	case RS_LOADER_IOC_DISARM:
		return do_disarm(load, &call->disarm);
	case RS_LOADER_IOC_WAIT:
		return do_wait(load, !(file->f_flags & O_NONBLOCK), &call->load);
	case RS_LOADER_IOC_SECTIONS:
	case RS_LOADER_IOC_SYMBOLS:
		return rs_table(load, command, &call->table);
	case RS_LOADER_IOC_COMPLETE:
		return do_complete(load, &call->verdict);
	default:
		return do_status(&call->status);
	}
}

static bool is_call(unsigned int command)
{
	switch (command) {
	case RS_LOADER_IOC_ARM:
	case RS_LOADER_IOC_DISARM:
	case RS_LOADER_IOC_WAIT:
	case RS_LOADER_IOC_SECTIONS:
	case RS_LOADER_IOC_SYMBOLS:
	case RS_LOADER_IOC_COMPLETE:
	case RS_LOADER_IOC_STATUS:
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
	status = rs_call_in(&call.head, command, argument, RS_LOADER_VERSION);
	if (!status)
		status = do_call(file, command, &call);
	return status ? status : rs_call_out(&call.head, command, argument);
}

static __poll_t on_poll(struct file *file, struct poll_table_struct *table)
{
	struct rs_load *load = file->private_data;
	u32 state;

	poll_wait(file, &load->changed, table);
	state = READ_ONCE(load->about.state);
	return state == RS_LOADER_PARKED || state == RS_LOADER_ENDED ? EPOLLIN | EPOLLRDNORM : 0;
}

static ssize_t on_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	return rs_read(file->private_data, to, size, at);
}

static ssize_t on_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	return rs_write(file->private_data, from, size, at);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = on_open,
	.release = on_release,
	.read = on_read,
	.write = on_write,
	.poll = on_poll,
	.unlocked_ioctl = on_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringside",
	.fops = &operations,
	.mode = 0600,
};

static int __init start(void)
{
	int status = rs_hook_start();

	if (status)
		return status;
	status = misc_register(&device);
	if (status)
		rs_hook_stop();
	return status;
}

static void __exit stop(void)
{
	misc_deregister(&device);
	rs_hook_stop();
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside: hands a module load over where the kernel would relocate");
MODULE_LICENSE("GPL");
