// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages by a tracepoint: what becomes of them is the business of BPF programs, which see those
 * of all sessions, with their numbers. */
#include <linux/bottom_half.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "kernel/channels/channels.h"

#define CREATE_TRACE_POINTS
#include "kernel/channels/trace.h"

/* An event, from a soft interrupt, would find the program at work, and be lost uncounted. */
static void trace_data(struct rs_session *session, void *message)
{
	u32 bytes = rs_session_make(session, message);

	local_bh_disable();
	trace_ringside_channel_message(session->number, RS_MESSAGE_DATA, message, bytes);
	local_bh_enable();
}

int rs_trace_produce(struct rs_session *session, const struct rs_channel_produce *call)
{
	void *message = kvmalloc(sizeof(struct rs_message) + session->length, GFP_KERNEL_ACCOUNT);
	u32 left = call->count;
	int status = 0;

	if (!message)
		return -ENOMEM;
	for (; left && !status; left--) {
		trace_data(session, message);
		if (fatal_signal_pending(current))
			status = -EINTR;
		cond_resched();
	}
	kvfree(message);
	return status;
}

void rs_trace_event(u64 session, u64 sequence)
{
	struct rs_message message = { .type = RS_MESSAGE_EVENT, .sequence = sequence };

	trace_ringside_channel_message(session, RS_MESSAGE_EVENT, &message, sizeof(message));
}
