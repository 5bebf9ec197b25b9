// SPDX-License-Identifier: LGPL-2.1-or-later
/* io_uring: commands of a device, of which one system call brings many. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif

/* 16 bytes of the queue's entry; 80 where the ring was made with IORING_SETUP_SQE128. */
struct example_add {
	__u64 number; /* const __u64 * */
	__u64 reserved;
};
#define EXAMPLE_ADD _IOW('X', 3, struct example_add)

static atomic64_t sum;

static const void *parameters(const struct io_uring_cmd *command)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return io_uring_sqe_cmd(command->sqe);
#else
	return command->cmd;
#endif
}

/* Entries lie in memory that the user goes on writing to: each word is read once. What returns
 * another value than -EIOCBQUEUED is done. */
static int on_uring(struct io_uring_cmd *command, unsigned int flags)
{
	const struct example_add *add = parameters(command);
	u64 number, __user *from = u64_to_user_ptr(READ_ONCE(add->number));

	if (command->cmd_op != EXAMPLE_ADD)
		return -ENOTTY;
	if (READ_ONCE(add->reserved))
		return -EINVAL;
	if (get_user(number, from))
		return -EFAULT;
	atomic64_add(number, &sum);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.uring_cmd = on_uring,
};
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "example-uring",
	.fops = &operations,
	.mode = 0600,
};
module_misc_device(device);
MODULE_DESCRIPTION("io_uring commands, as small as it gets");
MODULE_LICENSE("GPL");
