/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracepoint of ringside_hard.ko. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ringside_hard

#if !defined(RINGSIDE_HARD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define RINGSIDE_HARD_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(ringside_hard_step,
	TP_PROTO(int value),
	TP_ARGS(value),
	TP_STRUCT__entry(__field(int, value)),
	TP_fast_assign(__entry->value = value;),
	TP_printk("value=%d", __entry->value)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH tests/lab/hard
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
