// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A device added from what is known of it. The kernel's own scan adds it; while it runs in our
 * thread, an ftrace hook on the function by which it asks answers those INQUIRYs that user space
 * has asked before. Nothing is answered to anybody else, and all other commands go their way.
 */
#include <linux/ftrace.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_proto.h>

#include "kernel/scsi/scsi.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define RS_EXECUTE "scsi_execute_cmd"
#else
#define RS_EXECUTE "__scsi_execute"
#endif

static DEFINE_MUTEX(adding); /* the hook serves one thread at a time */
static struct task_struct *adder;
static const struct rs_scsi_page *known;
static u32 known_count, answers;
static u64 adder_lun;

static const struct rs_scsi_page *find(const u8 *cdb)
{
	u32 i;

	for (i = 0; i < known_count; i++)
		if (known[i].is_page == (cdb[1] & 1) && known[i].page == cdb[2])
			return &known[i];
	return NULL;
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
	u32 room = registers->r8;
	int *residual;
	u32 bytes;

	if (READ_ONCE(adder) != current || cdb[0] != INQUIRY || device->lun != adder_lun)
		return;
	page = find(cdb);
	if (!page)
		return;
	bytes = min_t(u32, room, page->bytes);
	memcpy((void *)registers->cx, page->data, bytes);
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

int rs_add(struct Scsi_Host *host, struct rs_scsi_add *add, const struct rs_scsi_page *pages)
{
	struct scsi_device *device;

	device = scsi_device_lookup(host, add->channel, add->target, add->lun);
	if (device) {
		scsi_device_put(device);
		return -EEXIST;
	}
	if (mutex_lock_killable(&adding))
		return -EINTR;
	known = pages;
	known_count = add->count;
	adder_lun = add->lun;
	answers = 0;
	WRITE_ONCE(adder, current);
	device = __scsi_add_device(host, add->channel, add->target, add->lun, NULL);
	WRITE_ONCE(adder, NULL);
	add->answered = answers;
	mutex_unlock(&adding);
	add->added = !IS_ERR_OR_NULL(device);
	if (add->added)
		scsi_device_put(device);
	return 0;
}

int rs_add_init(void)
{
	static char name[] = RS_EXECUTE;
	int status = ftrace_set_filter(&hook, name, sizeof(name) - 1, 1);

	if (status)
		return status;
	status = register_ftrace_function(&hook);
	if (status)
		ftrace_free_filter(&hook);
	return status;
}

void rs_add_exit(void)
{
	unregister_ftrace_function(&hook);
	ftrace_free_filter(&hook);
}
