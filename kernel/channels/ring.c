// SPDX-License-Identifier: LGPL-2.1-or-later
/* Two rings in memory that a user maps. Messages are copied out before they are looked at, so that
 * nothing the user writes meanwhile matters. */
#include <linux/eventfd.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/vmalloc.h>

#include "kernel/channels/channels.h"

#define RS_RING_BATCH 64 /* DATA without a look at anything else: some 10 us of the shortest */

static u64 each_bytes(u32 bytes)
{
	return PAGE_SIZE + (u64)bytes;
}

/* Whoever sees the memory sees all of it: mappings are made without the session's lock. */
static void start(struct rs_rings *rings, void *memory, u32 bytes)
{
	rings->bytes = bytes;
	rs_ring_start(&rings->from_user, memory, bytes);
	rs_ring_start(&rings->to_user, memory + each_bytes(bytes), bytes);
	smp_store_release(&rings->memory, memory);
}

int rs_rings_make(struct rs_session *session, struct rs_channel_rings *call)
{
	struct rs_rings *rings = &session->rings;
	void *memory;

	if (call->reserved || !is_power_of_2(call->bytes) || call->bytes < PAGE_SIZE ||
	    call->bytes > RS_CHANNEL_RING_MAX)
		return -EINVAL;
	if (rings->memory)
		return -EBUSY;
	if (!rings->message)
		rings->message = kvmalloc(RS_MESSAGE_MAX, GFP_KERNEL_ACCOUNT);
	memory = rings->message ? vmalloc_user(2 * each_bytes(call->bytes)) : NULL;
	if (!memory)
		return -ENOMEM;
	start(rings, memory, call->bytes);
	call->mapping = 2 * each_bytes(call->bytes);
	return 0;
}

/* Under mmap's lock, which a fault takes: what is locked where users' memory is copied may not be
 * waited for. */
int rs_rings_map(struct rs_session *session, struct vm_area_struct *area)
{
	void *memory = smp_load_acquire(&session->rings.memory);

	return memory ? remap_vmalloc_range(area, memory, area->vm_pgoff) : -ENODATA;
}

/* The pages stay as long as somebody maps them. */
void rs_rings_free(struct rs_session *session)
{
	vfree(session->rings.memory);
	kvfree(session->rings.message);
}

/* Bytes of the next message that can be worked on now; 0: none, or its answer has no room. */
static int next_bytes(struct rs_rings *rings)
{
	unsigned int type;
	int bytes = rs_ring_peek(&rings->from_user, &type), room = 1;

	if (bytes > 0 && type == RS_MESSAGE_ECHO)
		room = rs_ring_room(&rings->to_user, bytes);
	return room > 0 ? bytes : room;
}

/* 1: a message was taken; 0: no more. The ring may say something else each time it is looked at. */
static int take_one(struct rs_session *session, bool *answered)
{
	struct rs_rings *rings = &session->rings;
	int bytes = next_bytes(rings), status;

	if (bytes > 0)
		bytes = rs_ring_next(&rings->from_user, rings->message, RS_MESSAGE_MAX);
	if (bytes <= 0)
		return bytes ? -EBADMSG : 0;
	status = rs_session_take(session, rings->message, bytes);
	if (status <= 0)
		return status ? status : 1;
	*answered = true;
	return rs_ring_put(&rings->to_user, rings->message, bytes) > 0 ? 1 : -EBADMSG;
}

/* Between batches others have a turn, and who is killed ends. */
static int may_go_on(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 1;
}

static int take_all(struct rs_session *session, struct rs_channel_kick *kick, bool *answered)
{
	struct rs_rings *rings = &session->rings;
	int status = 1;

	for (kick->taken = 0; status > 0; status = status > 0 ? may_go_on() : status) {
		kick->taken += rs_ring_take_data(&rings->from_user, &session->sink, rings->message,
						 RS_RING_BATCH);
		status = take_one(session, answered);
		kick->taken += status > 0;
	}
	return status;
}

static int make_some(struct rs_session *session, struct rs_channel_kick *kick)
{
	struct rs_rings *rings = &session->rings;
	u32 wanted = kick->stream;
	int made = RS_RING_BATCH, status = 1;

	for (kick->stream = 0; kick->stream < wanted && made == RS_RING_BATCH && status > 0;) {
		made = rs_ring_make_data(&rings->to_user, session->next, session->length,
					 session->checked,
					 min_t(u32, wanted - kick->stream, RS_RING_BATCH));
		if (made < 0)
			return -EBADMSG;
		session->next += made;
		kick->stream += made;
		status = may_go_on();
	}
	return status < 0 ? status : 0;
}

static int work(struct rs_session *session, struct rs_channel_kick *kick,
		struct eventfd_ctx *eventfd)
{
	bool written = false;
	int status = take_all(session, kick, &written);

	if (!status)
		status = make_some(session, kick);
	else
		kick->stream = 0;
	if (eventfd && (written || kick->stream))
		rs_eventfd_signal(eventfd);
	return status;
}

int rs_rings_kick(struct rs_session *session, struct rs_channel_kick *kick)
{
	struct eventfd_ctx *eventfd;
	int status;

	if (kick->reserved)
		return -EINVAL;
	if (!session->rings.memory)
		return -ENODATA;
	status = rs_eventfd_get(kick->eventfd, &eventfd);
	if (status)
		return status;
	status = work(session, kick, eventfd);
	if (eventfd)
		eventfd_ctx_put(eventfd);
	return status;
}
