// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * All spaces that have memory, in the order in which they got it. One mutex; nothing under it
 * sleeps on a user's memory or calls into a space.
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "kernel/space/space.h"

static LIST_HEAD(spaces);
static DEFINE_MUTEX(lock);

void rs_list_add(struct rs_space *space)
{
	mutex_lock(&lock);
	list_add_tail(&space->on_list, &spaces);
	mutex_unlock(&lock);
}

void rs_list_remove(struct rs_space *space)
{
	mutex_lock(&lock);
	list_del_init(&space->on_list);
	mutex_unlock(&lock);
}

void rs_list_set(struct rs_space *space, u32 state)
{
	mutex_lock(&lock);
	space->state = state;
	mutex_unlock(&lock);
}

void rs_list_run(struct rs_space *space, int change)
{
	mutex_lock(&lock);
	space->running += change;
	mutex_unlock(&lock);
}

static void record_of(const struct rs_space *space, struct rs_space_record *record)
{
	u32 part;

	for (part = 0; part < RS_SPACE_PARTS; part++) {
		record->address[part] = (u64)space->parts[part].memory;
		record->bytes[part] = space->parts[part].bytes;
	}
	record->state = space->state;
	record->running = space->running;
	record->owner = space->owner;
	memcpy(record->name, space->name, sizeof(record->name));
}

/* The space at `index`; false where there are not so many. */
static bool find(u32 index, struct rs_space_record *record)
{
	struct rs_space *space;
	bool found = false;

	mutex_lock(&lock);
	list_for_each_entry(space, &spaces, on_list) {
		if (index--)
			continue;
		record_of(space, record);
		found = true;
		break;
	}
	mutex_unlock(&lock);
	return found;
}

int rs_list_give(struct rs_space_list *list)
{
	struct rs_space_record __user *records = u64_to_user_ptr(list->records);
	u32 done = 0;

	if (list->reserved || list->first > S32_MAX)
		return -EINVAL;
	while (done < list->count) {
		struct rs_space_record record = {};

		if (fatal_signal_pending(current))
			return -EINTR;
		if (!find(list->first + done, &record))
			break;
		if (copy_to_user(records + done, &record, sizeof(record)))
			return -EFAULT;
		done++;
	}
	list->count = done;
	return 0;
}
