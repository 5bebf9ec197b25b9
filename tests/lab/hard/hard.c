// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A module with one of everything that a kernel patches or registers by tables in the file: an
 * exception table, a tracepoint, a static key, per-CPU data with an image, a function that ftrace
 * and livepatches find. Its files in /sys/module/ringside_hard/parameters make each of them work:
 *
 *   step     written: calls ringside_hard_step(value); read: what it gave
 *   steps    what the calls have added up to, of each CPU
 *   branch   written: flips the static key; read: the way that the code takes
 *   fault    a read from where nothing is: what the exception table makes of it
 */
#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/uaccess.h>

#define CREATE_TRACE_POINTS
#include "tests/lab/hard/trace.h"

int ringside_hard_step(int value);

static DEFINE_PER_CPU(long, steps) = 100;
static DEFINE_STATIC_KEY_FALSE(turned);
static int result;

/* Its frame is ftrace's and a livepatch's: not inlined, and its result not to be guessed. */
noinline int ringside_hard_step(int value)
{
	this_cpu_add(steps, value);
	trace_ringside_hard_step(value);
	return 2 * value;
}
EXPORT_SYMBOL(ringside_hard_step);

static int set_step(const char *text, const struct kernel_param *unused)
{
	int value, status = kstrtoint(text, 0, &value);

	if (!status)
		result = ringside_hard_step(value);
	return status;
}

static int get_step(char *text, const struct kernel_param *unused)
{
	return sysfs_emit(text, "%d\n", result);
}

static int get_steps(char *text, const struct kernel_param *unused)
{
	int cpu, size = 0;

	for_each_online_cpu(cpu)
		size += sysfs_emit_at(text, size, "%ld\n", per_cpu(steps, cpu));
	return size;
}

static int set_branch(const char *text, const struct kernel_param *unused)
{
	bool on;
	int status = kstrtobool(text, &on);

	if (status)
		return status;
	if (on)
		static_branch_enable(&turned);
	else
		static_branch_disable(&turned);
	return 0;
}

static int get_branch(char *text, const struct kernel_param *unused)
{
	if (static_branch_unlikely(&turned))
		return sysfs_emit(text, "taken\n");
	return sysfs_emit(text, "passed\n");
}

/* The last page of all addresses is never mapped. */
static int get_fault(char *text, const struct kernel_param *unused)
{
	u32 value;

	__get_kernel_nofault(&value, (void *)-PAGE_SIZE, u32, fault);
	return sysfs_emit(text, "%u\n", value);
fault:
	return sysfs_emit(text, "%d\n", -EFAULT);
}

static const struct kernel_param_ops step_ops = { .set = set_step, .get = get_step };
static const struct kernel_param_ops steps_ops = { .get = get_steps };
static const struct kernel_param_ops branch_ops = { .set = set_branch, .get = get_branch };
static const struct kernel_param_ops fault_ops = { .get = get_fault };
module_param_cb(step, &step_ops, NULL, 0600);
module_param_cb(steps, &steps_ops, NULL, 0400);
module_param_cb(branch, &branch_ops, NULL, 0600);
module_param_cb(fault, &fault_ops, NULL, 0400);

static int __init start(void)
{
	return 0;
}

static void __exit stop(void)
{
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside's tests: one of everything that kernels patch or register");
MODULE_LICENSE("GPL");
