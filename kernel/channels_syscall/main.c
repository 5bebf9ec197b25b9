// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A system call of our own: a number that is a hole in the table, led past the kernel's dispatcher
 * by an ftrace hook on it. The hook runs at every system call of the machine, so this is for the
 * lab, where that is measured. PERMANENT: writing 0 to ftrace_enabled is refused meanwhile.
 */
#include <linux/file.h>
#include <linux/ftrace.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/version.h>

#include "kernel/channels/channels.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define fd_file(held) ((held).file)
#endif
#ifndef ftrace_regs_get_argument /* 6.1 */
#define ftrace_regs_get_argument(registers, n) ((registers)->regs.si) /* of n == 1 */
#define ftrace_regs_set_instruction_pointer ftrace_instruction_pointer_set
#endif

static void __user *pointer(unsigned long argument)
{
	return (void __user *)argument;
}

static long act(struct rs_session *session, const struct pt_regs *regs)
{
	unsigned long message = regs->dx, bytes = regs->r10, reply = regs->r8;
	unsigned long room = min_t(unsigned long, regs->r9, U32_MAX);

	switch (regs->si) {
	case RS_CHANNEL_SEND:
		if (bytes > RS_MESSAGE_MAX)
			return -EMSGSIZE;
		return rs_session_send(session, pointer(message), bytes, pointer(reply), room);
	case RS_CHANNEL_RECEIVE:
		if (message || bytes)
			return -EINVAL;
		return rs_session_read(session, pointer(reply), room);
	default:
		return -EINVAL;
	}
}

static long on_channel(const struct pt_regs *regs)
{
	struct fd held = fdget(regs->di);
	struct rs_session *session;
	long status = -ENOTTY;

	if (!fd_file(held))
		return -EBADF;
	session = rs_device_session(fd_file(held));
	if (session)
		status = act(session, regs);
	fdput(held);
	return status;
}

/* In place of the dispatcher, which is called alike. May sleep: the module stays. */
static long on_call(const struct pt_regs *regs, unsigned int number)
{
	long status;

	if (!try_module_get(THIS_MODULE))
		return -ENOSYS;
	status = on_channel(regs);
	module_put(THIS_MODULE);
	return status;
}

/* Arguments and place are all that is saved and given back, as for livepatches: a third less than
 * all registers (ftrace_get_regs() has none). */
static void notrace on_any_call(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
				struct ftrace_regs *registers)
{
	if ((u32)ftrace_regs_get_argument(registers, 1) == RS_CHANNEL_SYSCALL)
		ftrace_regs_set_instruction_pointer(registers, (unsigned long)on_call);
}

static struct ftrace_ops hook = {
	.func = on_any_call,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
};

static int __init start(void)
{
	static unsigned char name[] = "x64_sys_call";
	int status = ftrace_set_filter(&hook, name, sizeof(name) - 1, 1);

	if (status)
		return status;
	status = register_ftrace_function(&hook);
	if (status)
		ftrace_free_filter(&hook);
	return status;
}

/* Whoever was led here and has not taken, or has given back, its reference may still be on the
 * first or last instructions of on_call(): none of them sleeps, so such a task is waited for. */
static void __exit stop(void)
{
	unregister_ftrace_function(&hook);
	synchronize_rcu_tasks();
	ftrace_free_filter(&hook);
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside, for the lab: a system call before the channels' service");
MODULE_LICENSE("GPL");
