// SPDX-License-Identifier: LGPL-2.1-or-later
/* Starts the channels, in this order, and stops them in the other. */
#include <linux/module.h>

#include "kernel/channels/channels.h"

static const struct step {
	int (*start)(void);
	void (*stop)(void);
} steps[] = {
	{ rs_netlink_start, rs_netlink_stop },
	{ rs_proc_start, rs_proc_stop },
	{ rs_debug_start, rs_debug_stop },
	{ rs_sysfs_start, rs_sysfs_stop },
	{ rs_device_start, rs_device_stop },
};

static void stop_from(int each)
{
	while (each-- > 0)
		steps[each].stop();
}

static int __init start(void)
{
	int each, status = 0;

	for (each = 0; each < ARRAY_SIZE(steps) && !status; each++)
		status = steps[each].start();
	if (status)
		stop_from(each - 1);
	return status;
}

static void __exit stop(void)
{
	stop_from(ARRAY_SIZE(steps));
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside: every channel between kernel and user space");
MODULE_LICENSE("GPL");
