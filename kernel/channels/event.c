// SPDX-License-Identifier: LGPL-2.1-or-later
/* An event for a sleeper: a timer sends it, in interrupt context, by every way that there is. */
#include <linux/eventfd.h>
#include <linux/ktime.h>
#include <linux/sysfs.h>
#include <linux/version.h>

#include "kernel/channels/channels.h"

void rs_eventfd_signal(struct eventfd_ctx *eventfd)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(eventfd);
#else
	eventfd_signal(eventfd, 1);
#endif
}

static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	struct rs_session *session = container_of(timer, struct rs_session, timer);
	unsigned long flags;
	u64 sequence;

	spin_lock_irqsave(&session->event_lock, flags);
	sequence = session->events++;
	session->signal_ns = ktime_get_ns();
	session->armed = false;
	if (session->eventfd)
		rs_eventfd_signal(session->eventfd);
	if (session->event_file)
		sysfs_notify_dirent(session->event_file);
	spin_unlock_irqrestore(&session->event_lock, flags);
	wake_up_all(&session->wait);
	rs_netlink_event(sequence);
	rs_trace_event(session->number, sequence);
	return HRTIMER_NORESTART;
}

void rs_event_start(struct rs_session *session)
{
	spin_lock_init(&session->event_lock);
	init_waitqueue_head(&session->wait);
	hrtimer_init(&session->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	session->timer.function = on_timer;
}

void rs_event_stop(struct rs_session *session)
{
	hrtimer_cancel(&session->timer);
	if (session->eventfd)
		eventfd_ctx_put(session->eventfd);
}

int rs_eventfd_get(s32 number, struct eventfd_ctx **eventfd)
{
	*eventfd = NULL;
	if (number == -1)
		return 0;
	*eventfd = eventfd_ctx_fdget(number);
	return PTR_ERR_OR_ZERO(*eventfd);
}

int rs_event_notify(struct rs_session *session, u32 delay, s32 number)
{
	struct eventfd_ctx *eventfd, *old;
	int status;

	if (delay > RS_CHANNEL_DELAY_MAX)
		return -EINVAL;
	status = rs_eventfd_get(number, &eventfd);
	if (status)
		return status;
	spin_lock_irq(&session->event_lock);
	old = session->armed ? eventfd : session->eventfd;
	status = session->armed ? -EBUSY : 0;
	if (!status) {
		session->eventfd = eventfd;
		session->armed = true;
	}
	spin_unlock_irq(&session->event_lock);
	if (old)
		eventfd_ctx_put(old);
	if (!status)
		hrtimer_start(&session->timer, ns_to_ktime((u64)delay * NSEC_PER_USEC),
			      HRTIMER_MODE_REL_SOFT);
	return status;
}

static bool take_event(struct rs_session *session, struct rs_channel_wait *wait)
{
	bool there;

	spin_lock_irq(&session->event_lock);
	there = session->events != session->seen;
	if (there) {
		wait->sequence = session->seen++;
		wait->signal_ns = session->signal_ns;
	}
	spin_unlock_irq(&session->event_lock);
	return there;
}

int rs_event_wait(struct rs_session *session, struct rs_channel_wait *wait)
{
	/* ERESTARTSYS stays: what wakes a sleeper may be work for its task (io_uring's), of which
	 * the caller is to see nothing. */
	return wait_event_interruptible_hrtimeout(session->wait, take_event(session, wait),
						  ns_to_ktime((u64)wait->timeout * NSEC_PER_USEC));
}

__poll_t rs_event_poll(struct rs_session *session, struct file *file, poll_table *table)
{
	__poll_t events;

	poll_wait(file, &session->wait, table);
	spin_lock_irq(&session->event_lock);
	events = session->events != session->seen ? EPOLLPRI : 0;
	spin_unlock_irq(&session->event_lock);
	return events | EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
}
