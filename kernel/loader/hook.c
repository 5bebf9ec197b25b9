// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which thread's next load is whose, and the ftrace hook on apply_relocate_add that leads those
 * loads, and no others, to rs_hand_over(). The hook stands while there are claims and a second
 * longer, because setting it up and taking it away walk every record of ftrace; it is PERMANENT
 * then, so that writing 0 to ftrace_enabled is refused with EBUSY instead of taking it away.
 */
#include <linux/ftrace.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "kernel/loader/loader.h"

static LIST_HEAD(claims);                   /* grows under hook_lock and claims_lock alone */
static DEFINE_RAW_SPINLOCK(claims_lock);    /* raw: the hook may run where RT must not sleep */
static DEFINE_MUTEX(hook_lock);
static bool hooked;
unsigned long rs_original_body;

static struct rs_load *find(struct pid *thread)
{
	struct rs_load *load;

	list_for_each_entry(load, &claims, claim)
		if (load->thread == thread)
			return load;
	return NULL;
}

/* From here to rs_leave() neither the load nor this module goes away. */
static bool enter(void)
{
	struct rs_load *load;

	raw_spin_lock(&claims_lock);
	load = find(task_pid(current));
	if (load && !load->entered) {
		load->entered = true;
		kref_get(&load->references);
		__module_get(THIS_MODULE);
	}
	raw_spin_unlock(&claims_lock);
	return load;
}

static void on_relocate(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			struct ftrace_regs *registers)
{
	if (!enter())
		return;
	WRITE_ONCE(rs_original_body, ip + MCOUNT_INSN_SIZE);
	ftrace_get_regs(registers)->ip = (unsigned long)rs_hand_over;
}

static struct ftrace_ops hook = {
	.func = on_relocate,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_PERMANENT,
};

static void unhook(struct work_struct *work)
{
	mutex_lock(&hook_lock);
	if (hooked && list_empty(&claims)) {
		unregister_ftrace_function(&hook);
		hooked = false;
	}
	mutex_unlock(&hook_lock);
}
static DECLARE_DELAYED_WORK(unhook_work, unhook);

static int set_hook(void)
{
	int status;

	if (hooked)
		return 0;
	status = register_ftrace_function(&hook);
	hooked = !status;
	return status;
}

static void add(struct rs_load *load)
{
	load->thread = get_pid(task_pid(current));
	raw_spin_lock(&claims_lock);
	list_add(&load->claim, &claims);
	raw_spin_unlock(&claims_lock);
}

static bool is_claimed(struct pid *thread)
{
	struct rs_load *load;

	raw_spin_lock(&claims_lock);
	load = find(thread);
	raw_spin_unlock(&claims_lock);
	return load;
}

int rs_claim(struct rs_load *load)
{
	int status;

	if (is_claimed(task_pid(current)))
		return -EALREADY;
	if (mutex_lock_killable(&hook_lock))
		return -EINTR;
	status = set_hook();
	if (!status)
		add(load);
	mutex_unlock(&hook_lock);
	return status;
}

/* Takes the claim off the list, unless it is `entered` and that is not to be. */
static struct pid *drop(struct rs_load *load, bool entered)
{
	struct pid *thread = NULL;

	raw_spin_lock(&claims_lock);
	if (load->thread && load->entered == entered) {
		list_del_init(&load->claim);
		swap(thread, load->thread);
		load->entered = false;
	}
	raw_spin_unlock(&claims_lock);
	return thread;
}

static void forget(struct rs_load *load, bool entered)
{
	put_pid(drop(load, entered));
	mod_delayed_work(system_long_wq, &unhook_work, HZ);
}

bool rs_unclaim(struct rs_load *load)
{
	forget(load, false);
	return !load->thread;
}

struct rs_load *rs_entered(void)
{
	struct rs_load *load;

	raw_spin_lock(&claims_lock);
	load = find(task_pid(current));
	raw_spin_unlock(&claims_lock);
	return load;
}

void rs_forget(struct rs_load *load)
{
	forget(load, true);
}

void rs_leave(struct rs_load *load)
{
	kref_put(&load->references, rs_load_free);
	module_put(THIS_MODULE);
}

bool rs_hook_stands(u32 *count)
{
	struct list_head *each;

	*count = 0;
	raw_spin_lock(&claims_lock);
	list_for_each(each, &claims)
		++*count;
	raw_spin_unlock(&claims_lock);
	return READ_ONCE(hooked);
}

int rs_hook_start(void)
{
	static unsigned char name[] = "apply_relocate_add";

	return ftrace_set_filter(&hook, name, sizeof(name) - 1, 1);
}

/* A thread may still be on its last instructions in rs_hand_over(), after rs_leave(). */
void rs_hook_stop(void)
{
	cancel_delayed_work_sync(&unhook_work);
	unhook(NULL);
	synchronize_rcu_tasks();
	ftrace_free_filter(&hook);
}
