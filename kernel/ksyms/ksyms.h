/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the ksyms module: held.c keeps the table, raw.c prints a dying task, main.c is the
 * device. */
#ifndef RINGSIDE_KSYMS_H
#define RINGSIDE_KSYMS_H

#include <linux/types.h>

#include "include/ringside/uapi/ksyms.h"
#include "kernel/base/copy.h"
#include "kernel/base/table.h"

/* The table in use; readers hold the RCU read lock. */
struct rs_held {
	struct rs_table table;
	struct rs_copy copy;
	u64 kaslr_offset;
};

int rs_held_take(const struct rs_ksyms_take *take);
int rs_held_status(struct rs_ksyms_status *status);
void rs_held_drop(void);
const struct rs_held *rs_held_get(void); /* under rcu_read_lock() */

/* The symbol that covers a run-time address, and the bytes into it. */
bool rs_held_find(const struct rs_held *held, u64 address, struct rs_symbol *symbol,
		  struct rs_scratch *scratch);

/* "name+0x12/0x34", as %pS prints it; the length. */
int rs_format(char *text, size_t room, const struct rs_symbol *symbol, u64 offset);

int rs_raw_start(void);
void rs_raw_stop(void);

#endif
