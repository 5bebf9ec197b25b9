// SPDX-License-Identifier: LGPL-2.1-or-later
/* The test driver: it asks the kernel for firmware as any driver does. */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/firmware.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "kernel/firmware/firmware.h"

int rs_request(struct device *asker, struct rs_firmware_ask *ask)
{
	const struct firmware *firmware;
	u64 start = ktime_get_ns();
	int status = request_firmware(&firmware, ask->name, asker);

	ask->elapsed_ns = ktime_get_ns() - start;
	if (fatal_signal_pending(current))
		status = status ? -EINTR : status;
	if (status) {
		ask->error = -status;
		return status == -EINTR ? status : 0;
	}
	status = rs_answer(ask, firmware->data, firmware->size);
	release_firmware(firmware);
	return status;
}

/* Shared by whoever waits and the answer, which may come when nobody waits any more. */
struct waiting {
	struct kref users;
	struct completion answered;
	const struct firmware *firmware; /* NULL: there is none */
};
static atomic_t pending = ATOMIC_INIT(0);

static void free_waiting(struct kref *users)
{
	struct waiting *waiting = container_of(users, struct waiting, users);

	release_firmware(waiting->firmware);
	kfree(waiting);
}

static void on_answer(const struct firmware *firmware, void *context)
{
	struct waiting *waiting = context;

	waiting->firmware = firmware;
	complete(&waiting->answered);
	kref_put(&waiting->users, free_waiting);
	atomic_dec(&pending);
}

static struct waiting *ask_without_event(struct device *asker, const char *name)
{
	struct waiting *waiting = kzalloc(sizeof(*waiting), GFP_KERNEL_ACCOUNT);
	int status;

	if (!waiting)
		return ERR_PTR(-ENOMEM);
	kref_init(&waiting->users);
	kref_get(&waiting->users); /* the answer's */
	init_completion(&waiting->answered);
	status = request_firmware_nowait(THIS_MODULE, FW_ACTION_NOUEVENT, name, asker, GFP_KERNEL,
					 waiting, on_answer);
	if (!status)
		return waiting;
	kfree(waiting);
	return ERR_PTR(status);
}

static int wait_for(struct waiting *waiting, struct rs_firmware_ask *ask, u64 start)
{
	if (wait_for_completion_killable(&waiting->answered))
		return -EINTR;
	ask->elapsed_ns = ktime_get_ns() - start;
	if (waiting->firmware)
		return rs_answer(ask, waiting->firmware->data, waiting->firmware->size);
	ask->error = ENOENT;
	return 0;
}

int rs_request_without_event(struct device *asker, struct rs_firmware_ask *ask)
{
	u64 start = ktime_get_ns();
	struct waiting *waiting;
	int status;

	if (!atomic_add_unless(&pending, 1, RS_FIRMWARE_PENDING_MAX))
		return -EBUSY;
	waiting = ask_without_event(asker, ask->name);
	if (IS_ERR(waiting)) {
		atomic_dec(&pending);
		ask->error = -PTR_ERR(waiting);
		return 0;
	}
	status = wait_for(waiting, ask, start);
	kref_put(&waiting->users, free_waiting);
	return status;
}
