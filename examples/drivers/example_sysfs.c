// SPDX-License-Identifier: LGPL-2.1-or-later
/* sysfs: an attribute of a device, one value, that can be read, written and waited for (poll). */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static unsigned int level;

static ssize_t level_show(struct device *device, struct device_attribute *attribute, char *to)
{
	return sysfs_emit(to, "%u\n", READ_ONCE(level));
}

static ssize_t level_store(struct device *device, struct device_attribute *attribute,
			   const char *from, size_t bytes)
{
	unsigned int value;
	int status = kstrtouint(from, 0, &value);

	if (status)
		return status;
	WRITE_ONCE(level, value);
	sysfs_notify(&device->kobj, NULL, "level"); /* may sleep */
	return bytes;
}
static DEVICE_ATTR_RW(level);

static struct attribute *attribute_attrs[] = { &dev_attr_level.attr, NULL };
ATTRIBUTE_GROUPS(attribute);

static const struct file_operations operations = {
	.owner = THIS_MODULE,
};
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "example-sysfs",
	.fops = &operations,
	.groups = attribute_groups, /* there before user space is told of the device */
};
module_misc_device(device);
MODULE_DESCRIPTION("sysfs, as small as it gets");
MODULE_LICENSE("GPL");
