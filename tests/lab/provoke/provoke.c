// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A module that breaks a kernel on purpose, for tests and the demo; never installed. Write the
 * name of a fault to /sys/kernel/debug/ringside-provoke: "null" reads through a null pointer
 * inside a function of vmlinux (so the faulting frame is the kernel's own, with this module as a
 * caller), "bug" hits BUG() here, "warn" hits WARN() here, "wild" reads where no address can be,
 * "stock" has the stock module reed_solomon do so, "stock-null" has it read through a null
 * pointer, "stack" overflows the kernel stack, "panic" panics. "hung" and "stall" take ten
 * seconds, asleep or without a schedule, for the kernel's watchdogs, "soft" five without
 * preemption, "hard" three without interrupts: emulated CPUs have no counter whose NMI would see
 * that, so one is sent, and its handler calls the kernel's own detector
 * (watchdog_overflow_callback, at the address that the parameter `detector` has). "printer"
 * warns, and breaks ringside_oops while that prints. What only a sanitizer sees: "freed" reads
 * freed memory, "locks" takes two locks in either order, "leak" forgets an allocation.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/perf_event.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/rslib.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/apic.h>
#include <asm/nmi.h>

static struct dentry *file;

/* Not inlined and not a tail call, so that each is a frame of the trace. */
static noinline int read_through(const char *pointer)
{
	char *copy = kstrdup(pointer, GFP_KERNEL); /* dies in strlen(), called by kstrdup() */

	kfree(copy);
	return copy ? 0 : -ENOMEM;
}

/* Runs over its stack into the guard page, which is a double fault. */
static noinline int dive(int depth)
{
	volatile char room[512];

	room[depth % sizeof(room)] = depth;
	return depth < INT_MAX ? dive(depth + 1) + room[0] : 0;
}

#define WILD ((void *)0x6b6b6b6b6b6b6b6bul) /* not canonical: a general protection fault */

static noinline int read_wild(void)
{
	return READ_ONCE(*(int *)WILD);
}

static noinline int free_there(void *where)
{
	void (*free)(struct rs_control *rs) = symbol_get(free_rs);

	if (!free)
		return -ENOENT;
	free(where); /* dies in reed_solomon.ko */
	symbol_put(free_rs);
	return 0;
}

static noinline int sleep_on(void)
{
	schedule_timeout_uninterruptible(10 * HZ);
	return 0;
}

/* With a grace period that waits for this reader. A callback would begin it on this CPU, too late;
 * and preemption stays on, or the thread that begins it could be held up on this CPU, too. */
static noinline int spin(void)
{
	unsigned long end = jiffies + 10 * HZ;

	rcu_read_lock();
	(void)start_poll_synchronize_rcu();
	while (time_before(jiffies, end))
		cpu_relax();
	rcu_read_unlock();
	return 0;
}

static noinline int keep_cpu(void)
{
	unsigned long end = jiffies + 5 * HZ;

	preempt_disable();
	while (time_before(jiffies, end))
		cpu_relax();
	preempt_enable();
	return 0;
}

static unsigned long detector;
module_param(detector, ulong, 0600);
static int locked_cpu = -1;

/* The detector writes to hw.interrupts alone. */
static int on_nmi(unsigned int reason, struct pt_regs *regs)
{
	static struct perf_event event;
	void (*detect)(struct perf_event *event, struct perf_sample_data *data,
		       struct pt_regs *regs) = (void *)detector;

	if (READ_ONCE(locked_cpu) != smp_processor_id())
		return NMI_DONE;
	detect(&event, NULL, regs);
	return NMI_HANDLED;
}

static noinline int lock_up(void)
{
	unsigned long flags;
	int each;

	if (!detector)
		return -ENODEV;
	local_irq_save(flags);
	WRITE_ONCE(locked_cpu, smp_processor_id());
	for (each = 0; each < 30; each++) {
		apic->send_IPI(smp_processor_id(), NMI_VECTOR);
		mdelay(100);
	}
	WRITE_ONCE(locked_cpu, -1);
	local_irq_restore(flags);
	return 0;
}

static void read_wild_there(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			    struct ftrace_regs *registers)
{
	(void)READ_ONCE(*(int *)WILD);
}

static struct ftrace_ops printer = { .func = read_wild_there };

static noinline int break_printer(void)
{
	static unsigned char name[] = "rs_frame"; /* of ringside_oops: a frame in words */
	int status = ftrace_set_filter(&printer, name, sizeof(name) - 1, 1);

	if (!status)
		status = register_ftrace_function(&printer);
	WARN_ON(!status);
	return status;
}

static noinline int read_freed(void)
{
	int *freed = kzalloc(sizeof(*freed), GFP_KERNEL);

	if (!freed)
		return -ENOMEM;
	kfree(freed);
	OPTIMIZER_HIDE_VAR(freed);
	return READ_ONCE(*freed) ? 0 : 1;
}

static DEFINE_MUTEX(left);
static DEFINE_MUTEX(right);

static noinline int take_both(struct mutex *first, struct mutex *second)
{
	mutex_lock(first);
	mutex_lock(second);
	mutex_unlock(second);
	mutex_unlock(first);
	return 0;
}

static noinline int forget(void)
{
	return kmalloc(128, GFP_KERNEL) ? 0 : -ENOMEM;
}

static noinline int provoke(const char *fault)
{
	int status = 0;

	if (sysfs_streq(fault, "null"))
		status = read_through((const char *)8);
	else if (sysfs_streq(fault, "warn"))
		WARN(1, "provoked\n");
	else if (sysfs_streq(fault, "stack"))
		status = dive(0);
	else if (sysfs_streq(fault, "wild"))
		status = read_wild();
	else if (sysfs_streq(fault, "stock"))
		status = free_there(WILD);
	else if (sysfs_streq(fault, "stock-null"))
		status = free_there((void *)8);
	else if (sysfs_streq(fault, "hung"))
		status = sleep_on();
	else if (sysfs_streq(fault, "stall"))
		status = spin();
	else if (sysfs_streq(fault, "soft"))
		status = keep_cpu();
	else if (sysfs_streq(fault, "hard"))
		status = lock_up();
	else if (sysfs_streq(fault, "printer"))
		status = break_printer();
	else if (sysfs_streq(fault, "panic"))
		panic("provoked");
	else if (sysfs_streq(fault, "freed"))
		status = read_freed();
	else if (sysfs_streq(fault, "locks"))
		status = take_both(&left, &right) + take_both(&right, &left);
	else if (sysfs_streq(fault, "leak"))
		status = forget();
	else if (sysfs_streq(fault, "bug"))
		BUG();
	else
		status = -EINVAL;
	barrier();
	return status;
}

static ssize_t on_write(struct file *unused, const char __user *text, size_t size, loff_t *place)
{
	char fault[16] = "";
	int status;

	if (size >= sizeof(fault))
		return -EINVAL;
	if (copy_from_user(fault, text, size))
		return -EFAULT;
	status = provoke(fault);
	return status < 0 ? status : size;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.write = on_write,
};

static int __init start(void)
{
	int status = register_nmi_handler(NMI_LOCAL, on_nmi, 0, "ringside-provoke");

	if (status)
		return status;
	file = debugfs_create_file("ringside-provoke", 0200, NULL, NULL, &operations);
	if (IS_ERR(file))
		unregister_nmi_handler(NMI_LOCAL, "ringside-provoke");
	return PTR_ERR_OR_ZERO(file);
}

static void __exit stop(void)
{
	debugfs_remove(file);
	unregister_nmi_handler(NMI_LOCAL, "ringside-provoke");
	rcu_barrier();
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside's tests: provoked faults");
MODULE_LICENSE("GPL");
