// SPDX-License-Identifier: LGPL-2.1-or-later
/* A tracepoint: what becomes of a record is the business of whoever loads a BPF program, which may
 * copy it to a BPF ring buffer, count it, or do neither. Where none is, it costs a no-op. */
#include <linux/module.h>
#include <linux/timer.h>

#define CREATE_TRACE_POINTS
#include "example_bpf.h"

static struct timer_list timer;

static void on_timer(struct timer_list *which)
{
	u64 record = jiffies;

	trace_example_record(&record, sizeof(record));
	mod_timer(&timer, jiffies + HZ / 10);
}

static int __init begin(void)
{
	timer_setup(&timer, on_timer, 0);
	mod_timer(&timer, jiffies + 1);
	return 0;
}

static void __exit end(void)
{
	timer_shutdown_sync(&timer);
	tracepoint_synchronize_unregister(); /* programs that are at work are in our code */
}
module_init(begin);
module_exit(end);
MODULE_DESCRIPTION("A tracepoint for BPF, as small as it gets");
MODULE_LICENSE("GPL");
