// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Commands to addresses without a device: for as long as its command takes, each address has a
 * device that is never made visible, as the kernel's scan gives one to every LUN that it asks. All
 * commands are under way at once; the host's own limits queue them.
 *
 * Devices are made before there is any request, and dropped when there is none: a queue that joins
 * or leaves the host's set of tags waits until the other queues of the set have none.
 */
#include <linux/blk-mq.h>
#include <linux/completion.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <scsi/scsi_cmnd.h>

#include "kernel/scsi/functions.h"
#include "kernel/scsi/scsi.h"

struct sent {
	struct scsi_target *target;
	struct scsi_device *device;
	bool is_ours; /* the device: nobody else has it */
	struct request *request;
	void *data;
	atomic_t *left;
	struct completion *all;
};

static u32 delivery_of(int result)
{
	switch (host_byte(result)) {
	case DID_OK:
		return RS_SCSI_ANSWERED;
	case DID_NO_CONNECT:
	case DID_BAD_TARGET:
		return RS_SCSI_NOBODY;
	case DID_TIME_OUT:
		return RS_SCSI_TIMED_OUT;
	default:
		return RS_SCSI_FAILED;
	}
}

static enum rq_end_io_ret on_end(struct request *request, blk_status_t status)
{
	struct sent *sent = request->end_io_data;

	if (atomic_dec_and_test(sent->left))
		complete(sent->all);
	return RQ_END_IO_NONE;
}

/* A device that the kernel has, or one of our own; NULL where the driver takes no such address. */
static void find_device(struct Scsi_Host *host, const struct rs_scsi_command *command,
			struct sent *sent)
{
	sent->device = scsi_device_lookup(host, command->channel, command->target, command->lun);
	if (sent->device)
		return;
	sent->target = scsi_alloc_target(&host->shost_gendev, command->channel, command->target);
	if (!sent->target)
		return;
	sent->device = scsi_alloc_sdev(sent->target, command->lun, NULL);
	sent->is_ours = sent->device;
}

static void drop_device(struct sent *sent)
{
	if (sent->is_ours)
		__scsi_remove_device(sent->device);
	else if (sent->device)
		scsi_device_put(sent->device);
	if (sent->target) {
		scsi_target_reap(sent->target);
		put_device(&sent->target->dev);
	}
}

static int fill(struct sent *sent, const struct rs_scsi_command *command)
{
	struct request_queue *queue = sent->device->request_queue;
	struct scsi_cmnd *scsi;

	sent->data = kvzalloc(command->data_bytes, GFP_KERNEL);
	if (!sent->data)
		return -ENOMEM;
	sent->request = scsi_alloc_request(queue, REQ_OP_DRV_IN, 0);
	if (IS_ERR(sent->request)) {
		int status = PTR_ERR(sent->request);

		sent->request = NULL;
		return status;
	}
	scsi = blk_mq_rq_to_pdu(sent->request);
	scsi->cmd_len = command->cdb_bytes;
	memcpy(scsi->cmnd, command->cdb, command->cdb_bytes);
	sent->request->timeout = msecs_to_jiffies(command->timeout_ms);
	sent->request->rq_flags |= RQF_QUIET;
	sent->request->end_io = on_end;
	sent->request->end_io_data = sent;
	return blk_rq_map_kern(queue, sent->request, sent->data, command->data_bytes, GFP_KERNEL);
}

static void read_result(const struct sent *sent, struct rs_scsi_command *command)
{
	const struct scsi_cmnd *scsi = blk_mq_rq_to_pdu(sent->request);
	u32 left = min_t(u32, scsi->resid_len, command->data_bytes);

	command->delivery = delivery_of(scsi->result);
	command->status = scsi->result & 0xff;
	command->sense_bytes = min_t(u32, scsi->sense_len, sizeof(command->sense));
	memcpy(command->sense, scsi->sense_buffer, command->sense_bytes);
	command->data_bytes -= left;
	if (copy_to_user((void __user *)(uintptr_t)command->data, sent->data, command->data_bytes))
		command->data_bytes = 0;
}

static void finish(struct sent *sent, struct rs_scsi_command *command)
{
	if (sent->left)
		read_result(sent, command);
	else
		command->data_bytes = 0;
	if (sent->request)
		blk_mq_free_request(sent->request);
	kvfree(sent->data);
}

/* Whether it is to be sent; its outs say why not. */
static bool prepare(struct rs_scsi_command *command, struct sent *sent)
{
	command->status = 0;
	command->sense_bytes = 0;
	command->delivery = sent->device ? RS_SCSI_FAILED : RS_SCSI_NOT_ADDRESSABLE;
	return sent->device && !fill(sent, command);
}

static void send_all(struct rs_scsi_command *commands, struct sent *sent, u32 count)
{
	DECLARE_COMPLETION_ONSTACK(all);
	atomic_t left = ATOMIC_INIT(1);
	u32 i;

	for (i = 0; i < count; i++) {
		if (!prepare(&commands[i], &sent[i]))
			continue;
		sent[i].left = &left;
		sent[i].all = &all;
		atomic_inc(&left);
		blk_execute_rq_nowait(sent[i].request, false);
	}
	if (!atomic_dec_and_test(&left))
		wait_for_completion_io(&all);
}

int rs_send(struct Scsi_Host *host, struct rs_scsi_command *commands, u32 count)
{
	struct sent *sent = kvcalloc(count, sizeof(*sent), GFP_KERNEL);
	u32 i;

	if (!sent)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		find_device(host, &commands[i], &sent[i]);
	send_all(commands, sent, count);
	for (i = 0; i < count; i++)
		finish(&sent[i], &commands[i]);
	for (i = 0; i < count; i++)
		drop_device(&sent[i]);
	kvfree(sent);
	return 0;
}
