// SPDX-License-Identifier: LGPL-2.1-or-later
/* /dev/ringside-scsi (include/ringside/uapi/scsi.h). */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>

#include "kernel/base/call.h"
#include "kernel/scsi/scsi.h"

static bool is_good_command(const struct rs_scsi_command *command)
{
	return command->cdb_bytes >= 6 && command->cdb_bytes <= RS_SCSI_CDB_BYTES &&
	       command->data_bytes && command->data_bytes <= RS_SCSI_DATA_MAX &&
	       command->timeout_ms && !command->reserved;
}

static bool are_good(const struct rs_scsi_command *commands, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (!is_good_command(&commands[i]))
			return false;
	return true;
}

static bool may_scan(const struct Scsi_Host *host)
{
	return host->shost_state == SHOST_RUNNING || host->shost_state == SHOST_RECOVERY;
}

static int send_locked(struct Scsi_Host *host, struct rs_scsi_command *commands, u32 count)
{
	int status = -ENODEV;

	if (mutex_lock_killable(&host->scan_mutex))
		return -EINTR;
	if (may_scan(host) && pm_runtime_resume_and_get(&host->shost_gendev) >= 0) {
		status = rs_send(host, commands, count);
		pm_runtime_put(&host->shost_gendev);
	}
	mutex_unlock(&host->scan_mutex);
	return status;
}

static int send(struct rs_scsi_send *call)
{
	void __user *where = (void __user *)(uintptr_t)call->commands;
	size_t bytes = call->count * sizeof(struct rs_scsi_command);
	struct rs_scsi_command *commands;
	struct Scsi_Host *host;
	ktime_t start;
	int status;

	if (!call->count || call->count > RS_SCSI_COMMANDS_MAX || call->reserved)
		return -EINVAL;
	host = scsi_host_lookup(call->host);
	if (!host)
		return -ENODEV;
	commands = vmemdup_user(where, bytes);
	status = PTR_ERR_OR_ZERO(commands);
	if (status)
		goto out;
	start = ktime_get();
	status = -EINVAL;
	if (are_good(commands, call->count))
		status = send_locked(host, commands, call->count);
	call->elapsed_ns = ktime_to_ns(ktime_sub(ktime_get(), start));
	if (!status && copy_to_user(where, commands, bytes))
		status = -EFAULT;
	kvfree(commands);
out:
	scsi_host_put(host);
	return status;
}

static int add(struct rs_scsi_add *call)
{
	struct rs_scsi_page *pages;
	struct Scsi_Host *host;
	int status;
	u32 i;

	if (call->count > RS_SCSI_PAGES_MAX || call->reserved)
		return -EINVAL;
	pages = vmemdup_user((void __user *)(uintptr_t)call->pages, call->count * sizeof(*pages));
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	status = 0;
	for (i = 0; i < call->count; i++)
		if (pages[i].is_page > 1 || pages[i].reserved)
			status = -EINVAL;
	host = scsi_host_lookup(call->host);
	if (!host)
		status = -ENODEV;
	if (!status)
		status = rs_add(host, call, pages);
	if (host)
		scsi_host_put(host);
	kvfree(pages);
	return status;
}

static int tell_limits(struct rs_scsi_limits *call)
{
	struct Scsi_Host *host;

	if (call->reserved)
		return -EINVAL;
	host = scsi_host_lookup(call->host);
	if (!host)
		return -ENODEV;
	call->max_channel = host->max_channel;
	call->max_target = host->max_id;
	call->this_target = host->this_id;
	call->max_lun = host->max_lun;
	scsi_host_put(host);
	return 0;
}

static int answer(struct rs_call_head *head, unsigned int command)
{
	switch (command) {
	case RS_SCSI_IOC_SEND:
		return send((struct rs_scsi_send *)head);
	case RS_SCSI_IOC_ADD:
		return add((struct rs_scsi_add *)head);
	default:
		return tell_limits((struct rs_scsi_limits *)head);
	}
}

union call {
	struct rs_call_head head;
	struct rs_scsi_send send;
	struct rs_scsi_add add;
	struct rs_scsi_limits limits;
};

static long on_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	union call call;
	int status;

	if (command != RS_SCSI_IOC_SEND && command != RS_SCSI_IOC_ADD &&
	    command != RS_SCSI_IOC_LIMITS)
		return -ENOTTY;
	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	status = rs_call_in(&call.head, command, argument, RS_SCSI_VERSION);
	if (status)
		return status;
	status = answer(&call.head, command);
	return status ? status : rs_call_out(&call.head, command, argument);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = on_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringside-scsi",
	.fops = &operations,
	.mode = 0600,
};

static int __init start(void)
{
	int status = rs_add_init();

	if (status)
		return status;
	status = misc_register(&device);
	if (status)
		rs_add_exit();
	return status;
}

static void __exit stop(void)
{
	misc_deregister(&device);
	rs_add_exit();
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside: SCSI commands to where there is no device, devices from known data");
MODULE_LICENSE("GPL");
