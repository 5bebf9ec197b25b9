/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the space module: memory.c gets, seals and frees a space's memory, list.c knows all
 * spaces, main.c is the device. */
#ifndef RINGSIDE_SPACE_H
#define RINGSIDE_SPACE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "include/ringside/uapi/space.h"

struct rs_part {
	void *memory; /* NULL: the part has no bytes */
	u64 bytes;
};

/* One open file's. `lock` orders ALLOCATE, pwrite, SEAL and the start of a CALL; `state`, `running`
 * and the parts of a space on the list change under both locks. */
struct rs_space {
	struct list_head on_list;
	struct mutex lock;
	struct rs_part parts[RS_SPACE_PARTS];
	u32 state;   /* enum rs_space_state */
	u32 running; /* calls that have not come back */
	u64 exit;    /* offset into the text, or RS_SPACE_NONE */
	pid_t owner;
	char name[RS_SPACE_NAME_MAX];
};

/* Zeroed, writable, not executable; within reach of the kernel's text. */
int rs_memory_allocate(struct rs_part parts[RS_SPACE_PARTS]);
/* Text: read-only, then executable; read-only data: read-only. After an error nothing is
 * executable. */
int rs_memory_seal(struct rs_part parts[RS_SPACE_PARTS]);
void rs_memory_free(struct rs_part parts[RS_SPACE_PARTS]);

void rs_list_add(struct rs_space *space);
void rs_list_remove(struct rs_space *space);
void rs_list_set(struct rs_space *space, u32 state);
/* Counts a call that begins, or one that has come back. */
void rs_list_run(struct rs_space *space, int change);
int rs_list_give(struct rs_space_list *list);

#endif
