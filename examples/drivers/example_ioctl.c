// SPDX-License-Identifier: LGPL-2.1-or-later
/* ioctl: a device whose call takes a structure and gives it back changed. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

/* For a header of both sides: fixed widths, and bits that must be 0, to have room to grow. */
struct example_double {
	__u64 value;
	__u32 flags; /* 0 */
	__u32 reserved;
};
#define EXAMPLE_DOUBLE _IOWR('X', 1, struct example_double)

static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct example_double call;

	if (command != EXAMPLE_DOUBLE)
		return -ENOTTY;
	if (copy_from_user(&call, (void __user *)argument, sizeof(call)))
		return -EFAULT;
	if (call.flags || call.reserved)
		return -EINVAL;
	call.value *= 2;
	return copy_to_user((void __user *)argument, &call, sizeof(call)) ? -EFAULT : 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE, /* the module stays while somebody has it open */
	.unlocked_ioctl = on_ioctl,
	.compat_ioctl = compat_ptr_ioctl, /* right where no structure holds a pointer or a long */
};
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "example",
	.fops = &operations,
	.mode = 0600,
};
module_misc_device(device);
MODULE_DESCRIPTION("ioctl, as small as it gets");
MODULE_LICENSE("GPL");
