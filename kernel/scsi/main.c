// SPDX-License-Identifier: LGPL-2.1-or-later
/* /dev/ringside-scsi (include/ringside/uapi/scsi.h). */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif
#include <scsi/scsi_transport.h>

#include "kernel/base/call.h"
#include "kernel/scsi/scsi.h"

static bool is_good_command(const struct rs_scsi_command *command)
{
	return command->cdb_bytes >= 6 && command->cdb_bytes <= RS_SCSI_CDB_BYTES &&
	       command->data_bytes && command->data_bytes <= RS_SCSI_DATA_MAX &&
	       command->timeout_ms && command->timeout_ms <= RS_SCSI_TIMEOUT_MAX_MS &&
	       !command->reserved;
}

static bool is_before(const struct rs_scsi_command *commands, u32 i)
{
	u32 j;

	for (j = 0; j < i; j++)
		if (commands[j].lun == commands[i].lun &&
		    commands[j].target == commands[i].target &&
		    commands[j].channel == commands[i].channel)
			return true;
	return false;
}

static bool are_good(const struct rs_scsi_command *commands, u32 count)
{
	u32 i, bytes = 0;

	for (i = 0; i < count; i++) {
		if (!is_good_command(&commands[i]) || is_before(commands, i))
			return false;
		bytes += commands[i].data_bytes; /* 2^28 at most */
	}
	return bytes <= RS_SCSI_CALL_DATA_MAX;
}

/* Memory that is accounted, with `bytes` of the user's. */
static void *copy_of(u64 from, size_t bytes)
{
	void *copy = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_user(copy, (void __user *)(uintptr_t)from, bytes))
		return copy;
	kvfree(copy);
	return ERR_PTR(-EFAULT);
}

/* Targets of transports have another parent than the host, and drivers count on it. */
static struct Scsi_Host *find_host(u32 number)
{
	struct Scsi_Host *host = scsi_host_lookup(number);

	if (!host)
		return ERR_PTR(-ENODEV);
	if (!host->transportt->user_scan)
		return host;
	scsi_host_put(host);
	return ERR_PTR(-EOPNOTSUPP);
}

static bool may_scan(const struct Scsi_Host *host)
{
	return host->shost_state == SHOST_RUNNING || host->shost_state == SHOST_RECOVERY;
}

static int send_locked(struct Scsi_Host *host, struct rs_sending *sending)
{
	int status = -ENODEV;

	if (mutex_lock_killable(&host->scan_mutex))
		return -EINTR;
	if (may_scan(host) && pm_runtime_resume_and_get(&host->shost_gendev) >= 0) {
		status = rs_send(host, sending);
		pm_runtime_put(&host->shost_gendev);
	}
	mutex_unlock(&host->scan_mutex);
	return status;
}

static int send_to(struct Scsi_Host *host, struct rs_scsi_send *call, struct rs_sending *sending)
{
	void __user *to = (void __user *)(uintptr_t)call->commands;
	size_t bytes = call->count * sizeof(*sending->commands);
	ktime_t start = ktime_get();
	int status = rs_send_take(sending);

	if (!status)
		status = send_locked(host, sending);
	call->elapsed_ns = ktime_to_ns(ktime_sub(ktime_get(), start));
	if (!status)
		status = rs_send_copy(sending);
	if (!status && copy_to_user(to, sending->commands, bytes))
		status = -EFAULT;
	rs_send_drop(sending);
	return status;
}

static int send(struct rs_scsi_send *call)
{
	struct rs_sending sending = {.count = call->count};
	struct Scsi_Host *host;
	int status = -EINVAL;

	if (!call->count || call->count > RS_SCSI_COMMANDS_MAX || call->reserved)
		return -EINVAL;
	host = find_host(call->host);
	if (IS_ERR(host))
		return PTR_ERR(host);
	sending.commands = copy_of(call->commands, call->count * sizeof(*sending.commands));
	if (IS_ERR(sending.commands)) {
		scsi_host_put(host);
		return PTR_ERR(sending.commands);
	}
	if (are_good(sending.commands, call->count))
		status = send_to(host, call, &sending);
	kvfree(sending.commands);
	scsi_host_put(host);
	return status;
}

/* The kernel looks at a page for as long as the page says, 64 KiB if need be, and asks again for
 * each page that a list of pages names. */
static bool is_good_page(const struct rs_scsi_page *page)
{
	if (page->is_page > 1 || page->reserved)
		return false;
	if (!page->is_page)
		return !page->page;
	return page->bytes >= 4 && page->data[1] == page->page &&
	       get_unaligned_be16(page->data + 2) + 4 <= page->bytes;
}

static bool are_good_pages(const struct rs_scsi_page *pages, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (!is_good_page(&pages[i]))
			return false;
	return true;
}

static int add_to(struct Scsi_Host *host, struct rs_scsi_add *call)
{
	struct rs_scsi_page *pages = NULL;
	int status = -EINVAL;

	if (!rs_is_addressable(host, call->channel, call->target, call->lun))
		return -EINVAL;
	if (call->count)
		pages = copy_of(call->pages, call->count * sizeof(*pages));
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	if (are_good_pages(pages, call->count))
		status = rs_add(host, call, pages);
	kvfree(pages);
	return status;
}

static int add(struct rs_scsi_add *call)
{
	struct Scsi_Host *host;
	int status;

	if (call->count > RS_SCSI_PAGES_MAX || call->reserved)
		return -EINVAL;
	host = find_host(call->host);
	if (IS_ERR(host))
		return PTR_ERR(host);
	status = add_to(host, call);
	scsi_host_put(host);
	return status;
}

static int tell_limits(struct rs_scsi_limits *call)
{
	struct Scsi_Host *host;

	if (call->reserved)
		return -EINVAL;
	host = find_host(call->host);
	if (IS_ERR(host))
		return PTR_ERR(host);
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
