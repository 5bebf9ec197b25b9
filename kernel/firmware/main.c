// SPDX-License-Identifier: LGPL-2.1-or-later
/* /dev/ringside-firmware (include/ringside/uapi/firmware.h). Calls have nothing in common: there is
 * no lock, and as many may wait as there are callers. */
#include <crypto/sha2.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kernel/base/call.h"
#include "kernel/firmware/firmware.h"

int rs_answer(struct rs_firmware_ask *ask, const u8 *data, size_t bytes)
{
	const size_t slice = 1 << 20;
	struct sha256_state state;
	size_t at;

	ask->bytes = bytes;
	sha256_init(&state);
	for (at = 0; at < bytes; at += slice) {
		if (fatal_signal_pending(current))
			return -EINTR;
		sha256_update(&state, data + at, min(slice, bytes - at));
		cond_resched();
	}
	sha256_final(&state, ask->sum);
	return 0;
}

/* A text that ends, and nothing but zeros behind it. */
static bool is_text(const char *text, size_t room)
{
	size_t length = strnlen(text, room);

	return length < room && !memchr_inv(text + length, 0, room - length);
}

static bool is_good(const struct rs_firmware_ask *ask)
{
	if (ask->reserved || !ask->name[0] || !is_text(ask->name, sizeof(ask->name)) ||
	    !is_text(ask->folder, sizeof(ask->folder)))
		return false;
	return !ask->folder[0] || (ask->way == RS_FIRMWARE_READ && ask->folder[0] == '/');
}

static struct miscdevice device;

static int answer(struct rs_firmware_ask *ask)
{
	if (!is_good(ask))
		return -EINVAL;
	ask->error = 0;
	ask->bytes = 0;
	ask->elapsed_ns = 0;
	memset(ask->sum, 0, sizeof(ask->sum));
	switch (ask->way) {
	case RS_FIRMWARE_REQUEST:
		return rs_request(device.this_device, ask);
	case RS_FIRMWARE_NOUEVENT:
		return rs_request_without_event(device.this_device, ask);
	case RS_FIRMWARE_READ:
		return rs_read(ask);
	default:
		return -EINVAL;
	}
}

static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct rs_firmware_ask *ask;
	struct rs_call_head *head;
	int status;

	if (command != RS_FIRMWARE_IOC_ASK)
		return -ENOTTY;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ask = kmalloc(sizeof(*ask), GFP_KERNEL_ACCOUNT);
	if (!ask)
		return -ENOMEM;
	head = (struct rs_call_head *)ask;
	status = rs_call_in(head, command, argument, RS_FIRMWARE_VERSION);
	if (!status)
		status = answer(ask);
	if (!status)
		status = rs_call_out(head, command, argument);
	kfree(ask);
	return status;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = on_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringside-firmware",
	.fops = &operations,
	.mode = 0600,
};

module_misc_device(device);

MODULE_DESCRIPTION("Ringside: a driver that asks for firmware, and reads it by itself");
MODULE_LICENSE("GPL");
