/* SPDX-License-Identifier: LGPL-2.1-or-later */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM example

#if !defined(EXAMPLE_BPF_H) || defined(TRACE_HEADER_MULTI_READ)
#define EXAMPLE_BPF_H

#include <linux/tracepoint.h>

/* For BPF programs (raw tracepoint "example_record"); no event in tracefs comes of it. */
DECLARE_TRACE(example_record,
	TP_PROTO(const void *record, u32 bytes),
	TP_ARGS(record, bytes)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE example_bpf
#include <trace/define_trace.h>
