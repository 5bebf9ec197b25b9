// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Commands to addresses without a device: for as long as its command takes, each address has a
 * device that is never made visible, as the kernel's scan gives one to every LUN that it asks. All
 * commands are under way at once; the host's own limits queue them.
 *
 * Devices are made before there is any request, and dropped when there is none: a queue that joins
 * or leaves the host's set of tags waits until the other queues of the set have none. A request
 * gives its tag back when it ends, for there may be fewer tags than commands.
 */
#include <linux/blk-mq.h>
#include <linux/completion.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <scsi/scsi_cmnd.h>

#include "kernel/scsi/functions.h"
#include "kernel/scsi/scsi.h"

struct rs_sent {
	struct rs_scsi_command *command;
	struct scsi_target *target;
	struct scsi_device *device;
	bool is_ours; /* the device: nobody else has it */
	void *data;
	struct under_way *under_way;
};

struct under_way {
	atomic_t left;
	struct completion all;
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

static void read_result(const struct scsi_cmnd *scsi, struct rs_scsi_command *command)
{
	command->delivery = delivery_of(scsi->result);
	command->status = scsi->result & 0xff;
	command->sense_bytes = min_t(u32, scsi->sense_len, sizeof(command->sense));
	memcpy(command->sense, scsi->sense_buffer, command->sense_bytes);
	command->data_bytes -= min_t(u32, scsi->resid_len, command->data_bytes);
}

static enum rq_end_io_ret on_end(struct request *request, blk_status_t status)
{
	const struct rs_sent *sent = request->end_io_data;
	struct under_way *under_way = sent->under_way;

	read_result(blk_mq_rq_to_pdu(request), sent->command);
	if (atomic_dec_and_test(&under_way->left))
		complete(&under_way->all);
	return RQ_END_IO_FREE;
}

/* A device that the kernel has, or one of our own; NULL where the driver takes no such address. */
static void find_device(struct Scsi_Host *host, struct rs_sent *sent)
{
	const struct rs_scsi_command *command = sent->command;

	if (!rs_is_addressable(host, command->channel, command->target, command->lun))
		return;
	sent->device = scsi_device_lookup(host, command->channel, command->target, command->lun);
	if (sent->device)
		return;
	sent->target = scsi_alloc_target(&host->shost_gendev, command->channel, command->target);
	if (!sent->target)
		return;
	sent->device = scsi_alloc_sdev(sent->target, command->lun, NULL);
	sent->is_ours = sent->device;
}

static void drop_device(struct rs_sent *sent)
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

/* What is queued to a device of ours fails from now on; what the host has is not touched. */
static void give_up(struct rs_sent *sent)
{
	struct scsi_device *device = sent->device;

	if (!sent->is_ours)
		return;
	mutex_lock(&device->state_mutex);
	scsi_device_set_state(device, SDEV_OFFLINE);
	device->offline_already = true; /* said: no line in the log for each */
	mutex_unlock(&device->state_mutex);
	blk_mq_run_hw_queues(device->request_queue, true);
}

/* Waits for a tag where the host has none left. */
static struct request *request_for(struct rs_sent *sent)
{
	const struct rs_scsi_command *command = sent->command;
	struct request_queue *queue = sent->device->request_queue;
	struct request *request = scsi_alloc_request(queue, REQ_OP_DRV_IN, 0);
	struct scsi_cmnd *scsi;

	if (IS_ERR(request))
		return NULL;
	scsi = blk_mq_rq_to_pdu(request);
	scsi->cmd_len = command->cdb_bytes;
	memcpy(scsi->cmnd, command->cdb, command->cdb_bytes);
	request->timeout = msecs_to_jiffies(command->timeout_ms);
	request->rq_flags |= RQF_QUIET;
	request->end_io = on_end;
	request->end_io_data = sent;
	if (!blk_rq_map_kern(queue, request, sent->data, command->data_bytes, GFP_KERNEL))
		return request;
	blk_mq_free_request(request);
	return NULL;
}

static void send_one(struct rs_sent *sent, struct under_way *under_way)
{
	struct rs_scsi_command *command = sent->command;
	struct request *request = sent->device ? request_for(sent) : NULL;

	command->delivery = sent->device ? RS_SCSI_FAILED : RS_SCSI_NOT_ADDRESSABLE;
	command->status = 0;
	command->sense_bytes = 0;
	if (!request) {
		command->data_bytes = 0;
		return;
	}
	sent->under_way = under_way;
	atomic_inc(&under_way->left);
	blk_execute_rq_nowait(request, false);
}

static int wait_for_all(struct rs_sending *sending, struct under_way *under_way)
{
	u32 i;

	if (atomic_dec_and_test(&under_way->left))
		return 0;
	if (!wait_for_completion_killable(&under_way->all))
		return 0;
	for (i = 0; i < sending->count; i++)
		give_up(&sending->sent[i]);
	wait_for_completion_io(&under_way->all);
	return -EINTR;
}

static int send_all(struct rs_sending *sending)
{
	struct under_way under_way = {
		.left = ATOMIC_INIT(1),
		.all = COMPLETION_INITIALIZER_ONSTACK(under_way.all),
	};
	int status;
	u32 i;

	for (i = 0; i < sending->count && !fatal_signal_pending(current); i++)
		send_one(&sending->sent[i], &under_way);
	status = wait_for_all(sending, &under_way);
	return i < sending->count ? -EINTR : status;
}

int rs_send(struct Scsi_Host *host, struct rs_sending *sending)
{
	int status = -EINTR;
	u32 i, found;

	for (found = 0; found < sending->count && !fatal_signal_pending(current); found++)
		find_device(host, &sending->sent[found]);
	if (found == sending->count)
		status = send_all(sending);
	for (i = 0; i < found; i++)
		drop_device(&sending->sent[i]);
	return status;
}

int rs_send_take(struct rs_sending *sending)
{
	struct rs_sent *sent;
	u32 i;

	sent = kvcalloc(sending->count, sizeof(*sent), GFP_KERNEL_ACCOUNT);
	if (!sent)
		return -ENOMEM;
	sending->sent = sent;
	for (i = 0; i < sending->count; i++) {
		sent[i].command = &sending->commands[i];
		sent[i].data = kvzalloc(sending->commands[i].data_bytes, GFP_KERNEL_ACCOUNT);
		if (!sent[i].data)
			return -ENOMEM;
	}
	return 0;
}

int rs_send_copy(const struct rs_sending *sending)
{
	u32 i;

	for (i = 0; i < sending->count; i++) {
		const struct rs_scsi_command *command = &sending->commands[i];
		void __user *to = (void __user *)(uintptr_t)command->data;

		if (copy_to_user(to, sending->sent[i].data, command->data_bytes))
			return -EFAULT;
	}
	return 0;
}

void rs_send_drop(struct rs_sending *sending)
{
	u32 i;

	for (i = 0; sending->sent && i < sending->count; i++)
		kvfree(sending->sent[i].data);
	kvfree(sending->sent);
}
