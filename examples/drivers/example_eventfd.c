// SPDX-License-Identifier: LGPL-2.1-or-later
/* eventfd: a user hands over a counter, and sleeps until the kernel adds to it. */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/timer.h>
#include <linux/version.h>

#define EXAMPLE_SET_EVENTFD _IO('X', 4) /* the argument is the descriptor */

static struct eventfd_ctx *event;
static struct timer_list timer;

static void on_timer(struct timer_list *which)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(event);
#else
	eventfd_signal(event, 1);
#endif
}

/* The device is open once: nobody else sets it, and close() is the end. */
static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct eventfd_ctx *context;

	if (command != EXAMPLE_SET_EVENTFD)
		return -ENOTTY;
	context = eventfd_ctx_fdget(argument); /* the file, not the number: that is the user's */
	if (IS_ERR(context))
		return PTR_ERR(context);
	if (cmpxchg(&event, NULL, context)) {
		eventfd_ctx_put(context);
		return -EBUSY;
	}
	mod_timer(&timer, jiffies + HZ / 10);
	return 0;
}

static unsigned long is_open;

static int on_open(struct inode *inode, struct file *file)
{
	return test_and_set_bit(0, &is_open) ? -EBUSY : 0;
}

static int on_release(struct inode *inode, struct file *file)
{
	del_timer_sync(&timer); /* before what it signals goes */
	if (event)
		eventfd_ctx_put(event);
	event = NULL;
	clear_bit_unlock(0, &is_open);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = on_open,
	.release = on_release,
	.unlocked_ioctl = on_ioctl,
};
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "example-eventfd",
	.fops = &operations,
	.mode = 0600,
};

static int __init begin(void)
{
	timer_setup(&timer, on_timer, 0);
	return misc_register(&device);
}

static void __exit end(void)
{
	misc_deregister(&device);
}
module_init(begin);
module_exit(end);
MODULE_DESCRIPTION("eventfd, as small as it gets");
MODULE_LICENSE("GPL");
