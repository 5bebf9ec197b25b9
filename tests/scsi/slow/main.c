// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A SCSI host for tests: targets x luns disks whose every command takes delay_ms, INQUIRY and
 * REPORT LUNS included (which scsi_debug answers at once). They know those two and no other.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif
#include <scsi/scsi.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>

static unsigned int targets = 16;
module_param(targets, uint, 0444);
static unsigned int luns = 64; /* of each target, from 0; 255 at most */
module_param(luns, uint, 0444);
static unsigned int delay_ms = 10;
module_param(delay_ms, uint, 0644);
static unsigned int tags = 1024; /* commands that the host takes at once */
module_param(tags, uint, 0444);

struct slow {
	struct timer_list timer;
	struct scsi_cmnd *command;
};

static void on_time(struct timer_list *timer)
{
	struct slow *slow = container_of(timer, struct slow, timer);

	scsi_done(slow->command);
}

static unsigned int fill_standard(const struct scsi_device *device, u8 *reply)
{
	reply[0] = device->lun < luns ? 0 : 0x7f;
	reply[2] = 6;
	reply[3] = 2;
	reply[4] = 36 - 5 + 24;
	reply[7] = 2;
	memcpy(reply + 8, "RINGSIDESLOW DISK       0001", 28);
	return 60;
}

static unsigned int fill_page(const struct scsi_device *device, u8 page, u8 *reply)
{
	reply[1] = page;
	switch (page) {
	case 0x00:
		reply[3] = 3;
		reply[5] = 0x80;
		reply[6] = 0x83;
		return 7;
	case 0x80:
		reply[3] = 8;
		snprintf(reply + 4, 9, "%02x%06llx", device->id, device->lun);
		return 12;
	case 0x83:
		reply[3] = 12;
		reply[4] = 1;
		reply[5] = 3;
		reply[7] = 8;
		put_unaligned_be64(5ull << 60 | (u64)device->id << 32 | device->lun, reply + 8);
		return 16;
	}
	return 0;
}

static unsigned int fill_list(u8 *reply)
{
	unsigned int i;

	put_unaligned_be32(8 * luns, reply);
	for (i = 0; i < luns; i++)
		reply[8 + 8 * i + 1] = i;
	return 8 + 8 * luns;
}

static unsigned int fill(const struct scsi_cmnd *command, u8 *reply)
{
	if (command->cmnd[0] == INQUIRY)
		return command->cmnd[1] & 1 ? fill_page(command->device, command->cmnd[2], reply) :
					      fill_standard(command->device, reply);
	return command->cmnd[0] == REPORT_LUNS ? fill_list(reply) : 0;
}

static int queue(struct Scsi_Host *host, struct scsi_cmnd *command)
{
	struct slow *slow = scsi_cmd_priv(command);
	static const unsigned int room = 4096;
	unsigned int bytes;
	u8 *reply = kzalloc(room, GFP_ATOMIC);

	if (!reply)
		return SCSI_MLQUEUE_HOST_BUSY;
	command->result = 0;
	bytes = fill(command, reply);
	if (bytes) {
		bytes = min(bytes, scsi_bufflen(command));
		sg_copy_from_buffer(scsi_sglist(command), scsi_sg_count(command), reply, bytes);
		scsi_set_resid(command, scsi_bufflen(command) - bytes);
	} else {
		scsi_build_sense(command, 0, ILLEGAL_REQUEST, 0x20, 0);
	}
	kfree(reply);
	slow->command = command;
	timer_setup(&slow->timer, on_time, 0);
	mod_timer(&slow->timer, jiffies + msecs_to_jiffies(delay_ms));
	return 0;
}

/* Not const: 6.1 writes to it when a device goes while the module does. */
static struct scsi_host_template template = {
	.module = THIS_MODULE,
	.name = "ringside_slow",
	.proc_name = "ringside_slow",
	.queuecommand = queue,
	.can_queue = 1024,
	.cmd_per_lun = 4,
	.this_id = -1,
	.sg_tablesize = 64,
	.max_sectors = 1024,
	.cmd_size = sizeof(struct slow),
};

static struct device *root;
static struct Scsi_Host *host;

static int __init start(void)
{
	int status;

	luns = clamp(luns, 1u, 255u);
	root = root_device_register("ringside_slow");
	if (IS_ERR(root))
		return PTR_ERR(root);
	host = scsi_host_alloc(&template, 0);
	status = host ? 0 : -ENOMEM;
	if (!status) {
		host->can_queue = clamp(tags, 1u, 1024u);
		host->max_id = targets;
		host->max_lun = 256;
		status = scsi_add_host(host, root);
	}
	if (!status) {
		scsi_scan_host(host);
		return 0;
	}
	if (host)
		scsi_host_put(host);
	root_device_unregister(root);
	return status;
}

static void __exit stop(void)
{
	scsi_remove_host(host);
	scsi_host_put(host);
	root_device_unregister(root);
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside's tests: a SCSI host whose every command takes a while");
MODULE_LICENSE("GPL");
