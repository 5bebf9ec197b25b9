/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernel this is, for tables that must be of it and of no other. */
#ifndef RINGSIDE_RUNNING_H
#define RINGSIDE_RUNNING_H

#include "kernel/base/table.h"

#define RS_BUILD_ID_MAX 32

struct rs_running {
	u8 id[RS_BUILD_ID_MAX];
	u32 id_bytes;
};
extern struct rs_running rs_running;

/* Reads the build-id in /sys/kernel/notes. May sleep. ENODATA, with a line in the log, where there
 * is none. */
int rs_read_running(void);
bool rs_is_running(struct rs_bytes build_id);

/* Checks a whole table: EBADMSG with a line in the log where it is damaged, EINTR. May sleep. */
int rs_check_table(struct rs_table *table, struct rs_bytes bytes, struct rs_scratch *scratch);
/* The same for a table of this kernel's: EXDEV where it is of another. `offset`: how far this
 * kernel runs above its link address. */
int rs_check_symbols(struct rs_table *table, struct rs_bytes bytes, struct rs_scratch *scratch,
		     u64 *offset);
/* Says why, for EBADMSG. */
int rs_refuse(const char *what, const struct rs_refusal *why);

#endif
