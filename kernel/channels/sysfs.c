// SPDX-License-Identifier: LGPL-2.1-or-later
/* sysfs: a device of a session's own, in class ringside-channel, below the one device of the bus
 * ringside. Its binary attribute carries a message by each read or write; text attributes are one
 * value each. sysfs tells nobody who has a file open: whoever may open the device's files shares
 * its session. Attributes take the session's lock, so no device comes or goes under it. */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "kernel/channels/channels.h"

static struct rs_session *session_of(struct device *device)
{
	return dev_get_drvdata(device);
}

static ssize_t message_read(struct file *file, struct kobject *object,
			    struct bin_attribute *attribute, char *to, loff_t place, size_t room)
{
	RS_HOLD hold;
	int status = rs_session_get(session_of(kobj_to_dev(object)), room, &hold);

	if (status)
		return status;
	memcpy(to, hold.at, hold.bytes);
	rs_hold_end(&hold);
	return hold.bytes;
}

static ssize_t message_write(struct file *file, struct kobject *object,
			     struct bin_attribute *attribute, char *from, loff_t place,
			     size_t bytes)
{
	RS_HOLD hold;
	int status = rs_hold_make(&hold, bytes);

	if (status)
		return status;
	memcpy(hold.at, from, bytes);
	status = rs_session_put(session_of(kobj_to_dev(object)), &hold);
	rs_hold_end(&hold);
	return status ? status : bytes;
}
static BIN_ATTR(message, 0600, message_read, message_write, 0);

/* -1: as it is. */
static ssize_t set_up(struct device *device, s64 length, s64 checked)
{
	struct rs_session *session = session_of(device);
	int status;

	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	status = rs_session_setup(session, length < 0 ? session->length : length,
				  checked < 0 ? session->checked : checked);
	mutex_unlock(&session->lock);
	return status;
}

static ssize_t length_show(struct device *device, struct device_attribute *attribute, char *to)
{
	return sysfs_emit(to, "%u\n", READ_ONCE(session_of(device)->length));
}

static ssize_t length_store(struct device *device, struct device_attribute *attribute,
			    const char *from, size_t bytes)
{
	u32 length;
	ssize_t status = kstrtou32(from, 0, &length);

	if (!status)
		status = set_up(device, length, -1);
	return status ? status : bytes;
}
static DEVICE_ATTR_ADMIN_RW(length);

static ssize_t checked_show(struct device *device, struct device_attribute *attribute, char *to)
{
	return sysfs_emit(to, "%u\n", READ_ONCE(session_of(device)->checked));
}

static ssize_t checked_store(struct device *device, struct device_attribute *attribute,
			     const char *from, size_t bytes)
{
	u32 checked;
	ssize_t status = kstrtou32(from, 0, &checked);

	if (!status)
		status = set_up(device, -1, checked);
	return status ? status : bytes;
}
static DEVICE_ATTR_ADMIN_RW(checked);

/* poll(2) tells that it has changed. */
static ssize_t events_show(struct device *device, struct device_attribute *attribute, char *to)
{
	struct rs_session *session = session_of(device);
	u64 events;

	spin_lock_irq(&session->event_lock);
	events = session->events;
	spin_unlock_irq(&session->event_lock);
	return sysfs_emit(to, "%llu\n", events);
}
static DEVICE_ATTR_ADMIN_RO(events);

static ssize_t count_show(struct device *device, struct device_attribute *attribute, char *to)
{
	struct rs_session *session = session_of(device);
	unsigned long offset =
		(unsigned long)container_of(attribute, struct dev_ext_attribute, attr)->var;
	struct rs_channel_counts counts;

	if (mutex_lock_killable(&session->lock))
		return -EINTR;
	rs_sink_counts(&session->sink, (unsigned long long *)&counts);
	mutex_unlock(&session->lock);
	return sysfs_emit(to, "%llu\n", *(u64 *)((char *)&counts + offset));
}

#define COUNT(name) \
	static struct dev_ext_attribute count_##name = { \
		__ATTR(name, 0400, count_show, NULL), \
		(void *)offsetof(struct rs_channel_counts, name) \
	}
COUNT(messages);
COUNT(bytes);
COUNT(wrong);
COUNT(missing);
COUNT(repeated);

static struct attribute *texts[] = {
	&dev_attr_length.attr, &dev_attr_checked.attr, &dev_attr_events.attr,
	&count_messages.attr.attr, &count_bytes.attr.attr, &count_wrong.attr.attr,
	&count_missing.attr.attr, &count_repeated.attr.attr, NULL,
};
static struct bin_attribute *binaries[] = { &bin_attr_message, NULL };
static const struct attribute_group group = { .attrs = texts, .bin_attrs = binaries };
static const struct attribute_group *groups[] = { &group, NULL };

static struct bus_type bus = { .name = "ringside" };
static struct class class = { .name = "ringside-channel", .dev_groups = groups };
static struct device *parent;

static void set_device(struct rs_session *session, struct device *device)
{
	struct kernfs_node *node = sysfs_get_dirent(device->kobj.sd, "events");

	session->device = device;
	spin_lock_irq(&session->event_lock);
	session->event_file = node;
	spin_unlock_irq(&session->event_lock);
}

int rs_sysfs_make(struct rs_session *session, struct rs_channel_device *call)
{
	struct device *device;

	if (test_and_set_bit(0, &session->has_device))
		return -EBUSY;
	device = device_create(&class, parent, 0, session, "session%llu", session->number);
	if (IS_ERR(device)) {
		clear_bit(0, &session->has_device);
		return PTR_ERR(device);
	}
	set_device(session, device);
	call->number = session->number;
	return 0;
}

/* Waits for attributes that are being read or written. No event is under way any more. */
void rs_sysfs_free(struct rs_session *session)
{
	if (!session->device)
		return;
	sysfs_put(session->event_file);
	device_unregister(session->device);
}

static void free_parent(struct device *device)
{
	kfree(device);
}

static int make_parent(void)
{
	int status;

	parent = kzalloc(sizeof(*parent), GFP_KERNEL);
	if (!parent)
		return -ENOMEM;
	parent->bus = &bus;
	parent->release = free_parent;
	parent->init_name = "ringside-channels";
	status = device_register(parent);
	if (status)
		put_device(parent);
	return status;
}

int rs_sysfs_start(void)
{
	int status = bus_register(&bus);

	if (status)
		return status;
	status = class_register(&class);
	if (status)
		goto no_class;
	status = make_parent();
	if (!status)
		return 0;
	class_unregister(&class);
no_class:
	bus_unregister(&bus);
	return status;
}

void rs_sysfs_stop(void)
{
	device_unregister(parent);
	class_unregister(&class);
	bus_unregister(&bus);
}
