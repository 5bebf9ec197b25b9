// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/ringside-space (include/ringside/uapi/space.h): one space an open file. The code in it is
 * root's own word, as a module's is: what is checked here is checked against mistakes.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <asm/cpufeature.h>

#include "kernel/base/call.h"
#include "kernel/base/transfer.h"
#include "kernel/space/space.h"

/* Asked again before code comes in: a file may be older than the policy. */
static int may_use(void)
{
	if (!capable(CAP_SYS_MODULE) || modules_disabled || is_module_sig_enforced())
		return -EPERM;
	return security_locked_down(LOCKDOWN_MODULE_SIGNATURE);
}

static int on_open(struct inode *inode, struct file *file)
{
	struct rs_space *space;
	int status = may_use();

	if (status)
		return status;
	space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	if (!space)
		return -ENOMEM;
	INIT_LIST_HEAD(&space->on_list);
	mutex_init(&space->lock);
	space->exit = RS_SPACE_NONE;
	space->owner = pid_nr(task_tgid(current));
	file->private_data = space;
	return 0;
}

static bool is_name(const char name[RS_SPACE_NAME_MAX])
{
	size_t length = strnlen(name, RS_SPACE_NAME_MAX), at;

	for (at = 0; at < length; at++)
		if (!isascii(name[at]) || !isprint(name[at]))
			return false;
	return length && length < RS_SPACE_NAME_MAX &&
	       !memchr_inv(name + length, 0, RS_SPACE_NAME_MAX - length);
}

static bool is_allocate(const struct rs_space_allocate *allocate)
{
	u32 part;

	for (part = 0; part < RS_SPACE_PARTS; part++)
		if (allocate->bytes[part] > RS_SPACE_PART_MAX || allocate->address[part])
			return false;
	return allocate->bytes[RS_SPACE_TEXT] && !allocate->reserved && is_name(allocate->name);
}

static int allocate_parts(struct rs_space *space, struct rs_space_allocate *allocate)
{
	struct rs_part parts[RS_SPACE_PARTS] = {};
	int status;
	u32 part;

	if (space->state != RS_SPACE_EMPTY)
		return -EBUSY;
	for (part = 0; part < RS_SPACE_PARTS; part++)
		parts[part].bytes = allocate->bytes[part];
	status = rs_memory_allocate(parts);
	if (status)
		return status;
	for (part = 0; part < RS_SPACE_PARTS; part++)
		allocate->address[part] = (u64)parts[part].memory;
	memcpy(space->parts, parts, sizeof(parts));
	memcpy(space->name, allocate->name, sizeof(space->name));
	space->state = RS_SPACE_OPEN;
	rs_list_add(space);
	return 0;
}

static int do_allocate(struct rs_space *space, struct rs_space_allocate *allocate)
{
	int status = may_use();

	if (status)
		return status;
	if (!is_allocate(allocate))
		return -EINVAL;
	mutex_lock(&space->lock);
	status = allocate_parts(space, allocate);
	mutex_unlock(&space->lock);
	return status;
}

/* The function at `offset` in the text; NULL where there is none that may be called. */
static void *function_at(const struct rs_space *space, u64 offset)
{
	const struct rs_part *text = &space->parts[RS_SPACE_TEXT];
	static const u8 endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	if (offset >= text->bytes)
		return NULL;
	if (cpu_feature_enabled(X86_FEATURE_IBT) &&
	    (text->bytes - offset < sizeof(endbr) ||
	     memcmp(text->memory + offset, endbr, sizeof(endbr))))
		return NULL;
	return text->memory + offset;
}

static bool is_entry(const struct rs_space *space, u64 offset)
{
	return offset == RS_SPACE_NONE || function_at(space, offset);
}

/* `init` runs without the space's lock: it may take long, and LIST must show it. */
static int seal_parts(struct rs_space *space, const struct rs_space_seal *seal)
{
	int status;

	if (space->state != RS_SPACE_OPEN)
		return -EBUSY;
	if (!is_entry(space, seal->init) || !is_entry(space, seal->exit))
		return -EINVAL;
	/* Not OPEN from here on, whatever comes of it: part of it may be read-only. */
	rs_list_set(space, RS_SPACE_SEALED);
	status = rs_memory_seal(space->parts);
	if (!status)
		add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	return status;
}

static int run_init(struct rs_space *space, u64 offset)
{
	int (*init)(void) = function_at(space, offset);
	int result;

	if (!init)
		return 0;
	rs_list_run(space, 1);
	result = init();
	rs_list_run(space, -1);
	return result;
}

static int do_seal(struct rs_space *space, struct rs_space_seal *seal)
{
	int status = may_use();

	if (status)
		return status;
	if (seal->result || seal->reserved)
		return -EINVAL;
	mutex_lock(&space->lock);
	status = seal_parts(space, seal);
	mutex_unlock(&space->lock);
	if (status)
		return status;
	seal->result = run_init(space, seal->init);
	if (seal->result)
		return 0;
	mutex_lock(&space->lock);
	space->exit = seal->exit;
	rs_list_set(space, RS_SPACE_READY);
	mutex_unlock(&space->lock);
	return 0;
}

typedef u64 function(u64, u64, u64, u64, u64, u64);

static int begin_call(struct rs_space *space, const struct rs_space_call *call, function **target)
{
	int status = 0;

	mutex_lock(&space->lock);
	*target = space->state == RS_SPACE_READY ? function_at(space, call->function) : NULL;
	if (space->state != RS_SPACE_READY)
		status = -EBUSY;
	else if (!*target)
		status = -EINVAL;
	else
		rs_list_run(space, 1);
	mutex_unlock(&space->lock);
	return status;
}

static int do_call(struct rs_space *space, struct rs_space_call *call)
{
	const u64 *with = call->arguments;
	function *target;
	u64 start;
	int status;

	if (call->result || call->elapsed_ns || call->reserved)
		return -EINVAL;
	status = begin_call(space, call, &target);
	if (status)
		return status;
	start = ktime_get_ns();
	call->result = target(with[0], with[1], with[2], with[3], with[4], with[5]);
	call->elapsed_ns = ktime_get_ns() - start;
	rs_list_run(space, -1);
	return 0;
}

union call {
	struct rs_call_head head;
	struct rs_space_allocate allocate;
	struct rs_space_seal seal;
	struct rs_space_call call;
	struct rs_space_list list;
};

static int dispatch(struct rs_space *space, unsigned int command, union call *call)
{
	switch (command) {
	case RS_SPACE_IOC_ALLOCATE:
		return do_allocate(space, &call->allocate);
	case RS_SPACE_IOC_SEAL:
		return do_seal(space, &call->seal);
	case RS_SPACE_IOC_CALL:
		return do_call(space, &call->call);
	default:
		return rs_list_give(&call->list);
	}
}

static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	union call call;
	int status;

	if (command != RS_SPACE_IOC_ALLOCATE && command != RS_SPACE_IOC_SEAL &&
	    command != RS_SPACE_IOC_CALL && command != RS_SPACE_IOC_LIST)
		return -ENOTTY;
	status = rs_call_in(&call.head, command, argument, RS_SPACE_VERSION);
	if (!status)
		status = dispatch(file->private_data, command, &call);
	return status ? status : rs_call_out(&call.head, command, argument);
}

/* [at, at + size) of one part, or NULL. Offsets are 32 bits wide, parts smaller. */
static void *range_of(const struct rs_space *space, loff_t at, size_t size)
{
	u64 which = (u64)at >> 32, offset = (u32)at;
	const struct rs_part *part = &space->parts[which < RS_SPACE_PARTS ? which : 0];

	if (which >= RS_SPACE_PARTS || offset > part->bytes || size > part->bytes - offset)
		return NULL;
	return part->memory + offset;
}

static int range_state(const struct rs_space *space, loff_t at, size_t size, bool writing)
{
	bool sealed = space->state != RS_SPACE_OPEN;

	if (space->state == RS_SPACE_EMPTY)
		return -ENODATA;
	if (!range_of(space, at, size))
		return -EINVAL;
	return writing && sealed && at >> 32 != RS_SPACE_DATA ? -EPERM : 0;
}

static int check_range(void *object, loff_t at, size_t size, bool writing)
{
	struct rs_space *space = object;
	int status;

	mutex_lock(&space->lock);
	status = range_state(space, at, size, writing);
	mutex_unlock(&space->lock);
	return status;
}

/* Under the lock, so that nothing is written after a seal. */
static int move_bytes(void *object, loff_t at, void *buffer, size_t size, bool writing)
{
	struct rs_space *space = object;
	int status;

	mutex_lock(&space->lock);
	status = range_state(space, at, size, writing);
	if (!status && writing)
		memcpy(range_of(space, at, size), buffer, size);
	else if (!status)
		memcpy(buffer, range_of(space, at, size), size);
	mutex_unlock(&space->lock);
	return status;
}

static const struct rs_transfer parts = { check_range, move_bytes };

static ssize_t on_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	return to ? rs_transfer(&parts, file->private_data, to, NULL, size, at) : -EFAULT;
}

static ssize_t on_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	return from ? rs_transfer(&parts, file->private_data, NULL, from, size, at) : -EFAULT;
}

static void run_exit(struct rs_space *space)
{
	void (*exit)(void) = function_at(space, space->exit);

	if (space->state != RS_SPACE_READY || !exit)
		return;
	rs_list_run(space, 1); /* it is listed as running if it does not come back */
	exit();
	rs_list_run(space, -1);
}

/* Nobody else has the file any more. A call that never came back still has its stack in the text,
 * so the space stays, and this module with it. */
static int on_release(struct inode *inode, struct file *file)
{
	struct rs_space *space = file->private_data;

	if (space->running) {
		__module_get(THIS_MODULE);
		rs_list_set(space, RS_SPACE_KEPT);
		pr_warn("ringside-space: %s is kept: a call in it never came back\n", space->name);
		return 0;
	}
	run_exit(space);
	rs_list_remove(space);
	rs_memory_free(space->parts);
	kfree(space);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = on_open,
	.release = on_release,
	.read = on_read,
	.write = on_write,
	.unlocked_ioctl = on_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringside-space",
	.fops = &operations,
	.mode = 0600,
};

module_misc_device(device);

MODULE_DESCRIPTION("Ringside: room in the kernel for code that is no module");
MODULE_LICENSE("GPL");
