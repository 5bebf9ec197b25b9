/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/lines (C++) as the kernel glue (C) calls it. Plain data both ways; nothing here allocates,
 * sleeps or takes a lock, so every call may be made in any context.
 */
#ifndef RINGSIDE_OOPS_BRIDGE_H
#define RINGSIDE_OOPS_BRIDGE_H

#include "kernel/base/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The core's LineIndex; its bytes stay the caller's and must outlive it. */
struct rs_lines {
	unsigned long long storage[112];
};

/* What a look-up writes to. */
struct rs_work {
	unsigned long long storage[184];
};

/* Checks all but the blocks. 1: go on with those; 0: refused, with the reason. */
int rs_lines_open(struct rs_lines *lines, struct rs_bytes bytes, struct rs_refusal *refusal);
/* Checks part number `part` of so many; an index is good when every one has passed. */
unsigned int rs_lines_parts(const struct rs_lines *lines);
int rs_lines_check(const struct rs_lines *lines, unsigned int part, struct rs_work *work,
		   struct rs_refusal *refusal);
struct rs_bytes rs_lines_build_id(const struct rs_lines *lines);

/* The lines of text of a frame whose symbol is known; the bytes written to `room`. `address` is of
 * the index; `lines` may be NULL. */
unsigned int rs_lines_text(const struct rs_lines *lines, unsigned long long address,
			   struct rs_bytes symbol, struct rs_work *work, char *room,
			   unsigned int size);

#ifdef __cplusplus
}
#endif
#endif
