// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A device added from what is known of it. The kernel's own scan adds it; while it runs in our
 * thread, an ftrace hook on the function by which it asks answers those INQUIRYs that user space
 * has asked before. Nothing is answered to anybody else, and all other commands go their way. The
 * hook is there while devices are added and a while longer: to take it away costs a wait for every
 * task, too much for each device.
 */
#include <linux/ftrace.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <linux/workqueue.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_proto.h>

#include "kernel/scsi/scsi.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define RS_EXECUTE "scsi_execute_cmd"
#else
#define RS_EXECUTE "__scsi_execute"
#endif

#define KEPT (2 * HZ)

/* The hook serves one thread at a time. What it reads is set before `adder`, and read by that
 * thread alone: once it has taken `adder` back, nobody reads it. */
static DEFINE_MUTEX(adding);
static struct task_struct *adder;
static const struct Scsi_Host *adder_host;
static const struct rs_scsi_add *address;
static const struct rs_scsi_page *known;
static u32 answers;
static bool is_hooked; /* by `adding` */

static const struct rs_scsi_page *find(const u8 *cdb)
{
	u32 i;

	for (i = 0; i < address->count; i++)
		if (known[i].is_page == (cdb[1] & 1) && known[i].page == cdb[2])
			return &known[i];
	return NULL;
}

static bool is_asked_of_us(const struct scsi_device *device, const u8 *cdb)
{
	return READ_ONCE(adder) == current && cdb[0] == INQUIRY && device->host == adder_host &&
	       device->channel == address->channel && device->id == address->target &&
	       device->lun == address->lun;
}

/* In place of the function, with its arguments and its caller's stack. */
static int answered(void)
{
	return 0;
}

/* Where the caller wants to know how much was not read; NULL where it does not. */
static int *residual_of(struct pt_regs *registers)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	const struct scsi_exec_args *more;

	more = (const void *)regs_get_kernel_stack_nth(registers, 2);
	return more ? more->resid : NULL;
#else
	return (int *)regs_get_kernel_stack_nth(registers, 6);
#endif
}

static void on_execute(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
		       struct ftrace_regs *all)
{
	struct pt_regs *registers = ftrace_get_regs(all);
	const struct scsi_device *device = (const void *)registers->di;
	const u8 *cdb = (const void *)registers->si;
	const struct rs_scsi_page *page;
	u8 *reply = (void *)registers->cx;
	u32 room = registers->r8;
	int *residual;
	u32 bytes;

	if (!is_asked_of_us(device, cdb))
		return;
	page = find(cdb);
	if (!page || !reply)
		return;
	bytes = min_t(u32, room, page->bytes);
	memcpy(reply, page->data, bytes);
	memset(reply + bytes, 0, room - bytes);
	residual = residual_of(registers);
	if (residual)
		*residual = room - bytes;
	answers++;
	registers->ip = (unsigned long)answered;
}

static struct ftrace_ops hook = {
	.func = on_execute,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_PERMANENT,
};

static void unhook(struct work_struct *work)
{
	mutex_lock(&adding);
	if (is_hooked)
		unregister_ftrace_function(&hook);
	is_hooked = false;
	mutex_unlock(&adding);
}

static DECLARE_DELAYED_WORK(unhooking, unhook);

/* With `adding` held. */
static int hold_hook(void)
{
	int status = is_hooked ? 0 : register_ftrace_function(&hook);

	is_hooked = !status;
	return status;
}

static void add_answered(struct Scsi_Host *host, struct rs_scsi_add *add,
			 const struct rs_scsi_page *pages)
{
	struct scsi_device *device;

	adder_host = host;
	address = add;
	known = pages;
	answers = 0;
	WRITE_ONCE(adder, current);
	device = __scsi_add_device(host, add->channel, add->target, add->lun, NULL);
	WRITE_ONCE(adder, NULL);
	known = NULL;
	address = NULL;
	add->answered = answers;
	add->added = !IS_ERR_OR_NULL(device);
	if (add->added)
		scsi_device_put(device);
}

int rs_add(struct Scsi_Host *host, struct rs_scsi_add *add, const struct rs_scsi_page *pages)
{
	struct scsi_device *device;
	int status;

	device = scsi_device_lookup(host, add->channel, add->target, add->lun);
	if (device) {
		scsi_device_put(device);
		return -EEXIST;
	}
	if (mutex_lock_killable(&adding))
		return -EINTR;
	status = hold_hook();
	if (!status) {
		add_answered(host, add, pages);
		mod_delayed_work(system_long_wq, &unhooking, KEPT);
	}
	mutex_unlock(&adding);
	return status;
}

/* Whether there is such a function is known from now on. */
int rs_add_init(void)
{
	static char name[] = RS_EXECUTE;

	return ftrace_set_filter(&hook, name, sizeof(name) - 1, 1);
}

void rs_add_exit(void)
{
	cancel_delayed_work_sync(&unhooking);
	unhook(NULL);
	ftrace_free_filter(&hook);
}
