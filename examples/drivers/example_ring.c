// SPDX-License-Identifier: LGPL-2.1-or-later
/* A ring in memory that a user maps: numbers from the user, many of them with one call. The user
 * may write anything anywhere at any time: look once, check, copy, and keep what is ours apart. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/vmalloc.h>

#define SLOTS 512u /* a power of two */

/* Of both sides. Positions count slots and never wrap; each is written by one side alone. */
struct example_ring {
	__u64 written __aligned(64);
	__u64 taken __aligned(64);
	__u64 slots[SLOTS] __aligned(64);
};
#define EXAMPLE_KICK _IO('X', 2)

static DEFINE_MUTEX(lock);
static struct example_ring *ring;
static u64 taken, sum; /* our own position: the ring's copy is for the user to read */

static long take_all(void)
{
	u64 written = smp_load_acquire(&ring->written); /* before the slots */

	if (written - taken > SLOTS)
		return -EBADMSG;
	for (; taken != written; taken++)
		sum += READ_ONCE(ring->slots[taken % SLOTS]);
	smp_store_release(&ring->taken, taken); /* the slots are the user's again */
	return 0;
}

static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	long status;

	if (command != EXAMPLE_KICK)
		return -ENOTTY;
	mutex_lock(&lock);
	status = take_all();
	mutex_unlock(&lock);
	return status;
}

static int on_mmap(struct file *file, struct vm_area_struct *area)
{
	return remap_vmalloc_range(area, ring, area->vm_pgoff); /* looks at the bounds */
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = on_ioctl,
	.mmap = on_mmap,
};
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "example-ring",
	.fops = &operations,
	.mode = 0600,
};

static int __init begin(void)
{
	int status;

	ring = vmalloc_user(sizeof(*ring)); /* zeroed, and allowed to be mapped */
	if (!ring)
		return -ENOMEM;
	status = misc_register(&device);
	if (status)
		vfree(ring);
	return status;
}

static void __exit end(void)
{
	misc_deregister(&device);
	pr_info("example_ring: %llu numbers, sum %llu\n", taken, sum);
	vfree(ring); /* pages that are mapped stay as long as they are */
}
module_init(begin);
module_exit(end);
MODULE_DESCRIPTION("A mapped ring, as small as it gets");
MODULE_LICENSE("GPL");
