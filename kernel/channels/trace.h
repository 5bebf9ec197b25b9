/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracepoint of the channels: BPF programs of users take messages from there. A bare one, with
 * no event in tracefs. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ringside_channels

#if !defined(RINGSIDE_CHANNELS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define RINGSIDE_CHANNELS_TRACE_H

#include <linux/tracepoint.h>

DECLARE_TRACE(ringside_channel_message,
	TP_PROTO(u64 session, u32 type, const void *message, u32 bytes),
	TP_ARGS(session, type, message, bytes)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH kernel/channels
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
