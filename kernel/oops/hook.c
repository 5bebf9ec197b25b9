// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The hook on __show_trace_log_lvl(), by which the kernel prints every trace: of a warning, a
 * death, a lockup, a hung task, a stall, a panic, sysrq. ftrace leads its callers to rs_show(),
 * which has the kernel print as ever, then prints ours. PERMANENT while it stands: writing 0 to
 * ftrace_enabled is refused with EBUSY instead of taking it away without a word.
 */
#include <linux/ftrace.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "kernel/oops/oops.h"

/* kernel/base/original.S, with as many arguments as we need. */
void rs_original(struct task_struct *task, struct pt_regs *regs, unsigned long *stack,
		 const char *level, unsigned long unused, unsigned long body);

static DEFINE_MUTEX(hook_lock);
static bool hooked;
static unsigned long original_body;

static noinline void rs_show(struct task_struct *task, struct pt_regs *regs, unsigned long *stack,
			     const char *level)
{
	rs_original(task, regs, stack, level, 0, READ_ONCE(original_body));
	rs_trace_print(task, regs, stack, level);
}

static void on_show(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
		    struct ftrace_regs *registers)
{
	WRITE_ONCE(original_body, ip + MCOUNT_INSN_SIZE);
	ftrace_get_regs(registers)->ip = (unsigned long)rs_show;
}

static struct ftrace_ops hook = {
	.func = on_show,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_PERMANENT,
};

/* A CPU may still be on its way through rs_show(): with preemption, a task is waited for until it
 * gives its CPU away, which it does not in there; an interrupt or NMI until it is over. */
static int unhook(void)
{
	int status = unregister_ftrace_function(&hook);

	if (status)
		return status;
	synchronize_rcu_tasks();
	synchronize_rcu();
	WRITE_ONCE(hooked, false);
	module_put(THIS_MODULE);
	return 0;
}

/* The module stays as long as the hook does: ftrace may have given up, and not take it away. */
static int hook_up(void)
{
	int status = register_ftrace_function(&hook);

	if (status)
		return status;
	__module_get(THIS_MODULE);
	WRITE_ONCE(hooked, true);
	return 0;
}

static int set(bool on)
{
	if (on == hooked)
		return 0;
	return on ? hook_up() : unhook();
}

int rs_hook_arm(bool on)
{
	int status;

	if (mutex_lock_killable(&hook_lock))
		return -EINTR;
	status = set(on);
	mutex_unlock(&hook_lock);
	return status;
}

bool rs_hook_stands(void)
{
	return READ_ONCE(hooked);
}

int rs_hook_start(void)
{
	static unsigned char name[] = "__show_trace_log_lvl";
	int status = ftrace_set_filter(&hook, name, sizeof(name) - 1, 1);

	if (status)
		pr_err("%s() cannot be hooked on this kernel: error %d\n", name, status);
	return status;
}

void rs_hook_stop(void)
{
	ftrace_free_filter(&hook);
}
