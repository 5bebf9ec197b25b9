// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A SCSI host for tests: each of its targets is wrong in its own way (enum wrong). All have LUN 0,
 * a disk, and what their lists say besides; they know INQUIRY and REPORT LUNS.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
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

enum wrong {
	GOOD, /* LUNs 0 to 3 */
	NOISE, /* LUNs 1 to 3 answer INQUIRY with noise, of no device */
	SHORT, /* LUN 1 sends 5 bytes of INQUIRY */
	NOISY_LIST, /* a list that says 4 GiB, of noise */
	RESETS, /* every LUN has a unit attention first, and the host a reset for LUN 2 */
	DUPLICATES, /* 0, 1, 1, 0, 2, 1 */
	FICKLE, /* LUN 1 is a disk when it is first asked, and none from then on */
	HANGS, /* LUN 1 never answers */
	ENDLESS, /* list_luns LUNs, of which 0 and 1 are there */
	TARGETS
};

static unsigned int first = GOOD; /* the targets that answer: from this */
module_param(first, uint, 0444);
static unsigned int last = FICKLE; /* to this */
module_param(last, uint, 0444);
static unsigned int list_luns = 20000;
module_param(list_luns, uint, 0444);

static atomic_t asked[TARGETS][4]; /* INQUIRYs for standard data, by target and LUN */

enum { ROOM = 36, LEAST_ROOM = 64, LIST_ROOM = 8 + 8 * 20000 };

static unsigned int fill_standard(const struct scsi_device *device, u8 *reply)
{
	u64 lun = device->lun;
	int before = lun < 4 ? atomic_inc_return(&asked[device->id][lun]) - 1 : 0;
	bool is_there = lun == 0 || lun < (device->id == GOOD || device->id == NOISE	? 4 :
					   device->id == DUPLICATES || device->id == RESETS ? 3 :
											      2);

	if (device->id == FICKLE && lun == 1 && before > 0)
		is_there = false;
	reply[0] = is_there ? 0 : 0x7f;
	reply[2] = 6;
	reply[3] = 2;
	reply[4] = ROOM - 5;
	reply[7] = 2;
	memcpy(reply + 8, "RINGSIDEHOSTILE         0001", 28);
	if (device->id == NOISE && lun > 0) {
		get_random_bytes(reply, ROOM);
		reply[0] = 0x60 | (reply[0] & 0x1f);
	}
	return device->id == SHORT && lun > 0 ? 5 : ROOM;
}

static unsigned int put_luns(u8 *reply, const u8 *luns, unsigned int count)
{
	unsigned int i;

	put_unaligned_be32(8 * count, reply);
	for (i = 0; i < count; i++)
		reply[8 + 8 * i + 1] = luns[i];
	return 8 + 8 * count;
}

static unsigned int fill_list(const struct scsi_device *device, u8 *reply)
{
	static const u8 plain[] = { 0, 1, 2, 3 };
	static const u8 again[] = { 0, 1, 1, 0, 2, 1 };
	unsigned int i, count = min(list_luns, 20000u);

	switch (device->id) {
	case GOOD:
	case NOISE:
		return put_luns(reply, plain, 4);
	case RESETS:
		return put_luns(reply, plain, 3);
	case NOISY_LIST:
		get_random_bytes(reply, 512);
		put_unaligned_be32(~7u, reply);
		return 512;
	case DUPLICATES:
		return put_luns(reply, again, 6);
	case ENDLESS:
		put_unaligned_be32(8 * count, reply);
		for (i = 0; i < count; i++)
			put_unaligned_be16(i < 256 ? i : 0x4000 | (i & 0x3fff), reply + 8 + 8 * i);
		return 8 + 8 * count;
	}
	return put_luns(reply, plain, 2);
}

/* What there is to say before anything else; true where that was all. */
static bool is_reset(struct scsi_cmnd *command)
{
	u64 lun = command->device->lun;

	if (command->device->id != RESETS || command->cmnd[0] != INQUIRY || lun > 3)
		return false;
	switch (atomic_inc_return(&asked[RESETS][lun])) {
	case 1:
		scsi_build_sense(command, 0, UNIT_ATTENTION, 0x29, 0);
		return true;
	case 2:
		if (lun == 2)
			set_host_byte(command, DID_RESET);
		return lun == 2;
	}
	return false;
}

static void answer(struct scsi_cmnd *command, u8 *reply)
{
	unsigned int bytes = 0;

	if (command->cmnd[0] == REPORT_LUNS)
		bytes = fill_list(command->device, reply);
	else if (command->cmnd[0] == INQUIRY && !(command->cmnd[1] & 1))
		bytes = fill_standard(command->device, reply);
	if (!bytes) {
		scsi_build_sense(command, 0, ILLEGAL_REQUEST, 0x20, 0);
		return;
	}
	bytes = min(bytes, scsi_bufflen(command));
	sg_copy_from_buffer(scsi_sglist(command), scsi_sg_count(command), reply, bytes);
	scsi_set_resid(command, scsi_bufflen(command) - bytes);
}

static int queue(struct Scsi_Host *host, struct scsi_cmnd *command)
{
	const struct scsi_device *device = command->device;
	u8 *reply;

	command->result = 0;
	if (device->id < first || device->id > last) {
		set_host_byte(command, DID_BAD_TARGET);
		scsi_done(command);
		return 0;
	}
	if (device->id == HANGS && device->lun == 1)
		return 0; /* until its time is up: see is_aborted() */
	reply = kzalloc(command->cmnd[0] == REPORT_LUNS ? LIST_ROOM : LEAST_ROOM, GFP_ATOMIC);
	if (!reply)
		return SCSI_MLQUEUE_HOST_BUSY;
	if (!is_reset(command))
		answer(command, reply);
	kfree(reply);
	scsi_done(command);
	return 0;
}

static int is_aborted(struct scsi_cmnd *command)
{
	return SUCCESS; /* nothing of it is held */
}

/* Not const: 6.1 writes to it when a device goes while the module does. */
static struct scsi_host_template template = {
	.module = THIS_MODULE,
	.name = "ringside_hostile",
	.proc_name = "ringside_hostile",
	.queuecommand = queue,
	.eh_abort_handler = is_aborted,
	.can_queue = 256,
	.cmd_per_lun = 4,
	.this_id = -1,
	.sg_tablesize = 64,
	.max_sectors = 1024,
};

static struct device *root;
static struct Scsi_Host *host;

static int __init start(void)
{
	int status;

	root = root_device_register("ringside_hostile");
	if (IS_ERR(root))
		return PTR_ERR(root);
	host = scsi_host_alloc(&template, 0);
	status = host ? 0 : -ENOMEM;
	if (!status) {
		host->max_id = TARGETS;
		host->max_lun = 32768;
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

MODULE_DESCRIPTION("Ringside's tests: a SCSI host whose targets are wrong");
MODULE_LICENSE("GPL");
