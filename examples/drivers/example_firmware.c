// SPDX-License-Identifier: LGPL-2.1-or-later
/* Firmware: a file that user space keeps, by its name; from the kernel's folders, or from a program
 * that answers its event. */
#include <linux/firmware.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#define NAME "example.bin"

static const struct file_operations operations = {
	.owner = THIS_MODULE,
};
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "example-firmware",
	.fops = &operations,
};

/* NULL: there was none, or it took too long. */
static void on_firmware(const struct firmware *firmware, void *nothing)
{
	dev_info(device.this_device, "%zu bytes\n", firmware ? firmware->size : 0);
	release_firmware(firmware); /* no more of it from here on */
}

static int __init begin(void)
{
	int status = misc_register(&device);

	if (status)
		return status;
	/* Not request_firmware(): it would keep insmod waiting. The module stays until then. */
	status = request_firmware_nowait(THIS_MODULE, true, NAME, device.this_device, GFP_KERNEL,
					 NULL, on_firmware);
	if (status)
		misc_deregister(&device);
	return status;
}

static void __exit end(void)
{
	misc_deregister(&device);
}
module_init(begin);
module_exit(end);
MODULE_FIRMWARE(NAME); /* for those who pack an initramfs */
MODULE_DESCRIPTION("Firmware, as small as it gets");
MODULE_LICENSE("GPL");
