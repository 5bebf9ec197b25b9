/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the oops module: held.c keeps the tables, modules.c knows where modules are,
 * spaces.c the code that is in none, frame.c puts one frame into words, trace.c prints a trace,
 * hook.c leads the kernel's own printer here, main.c is the device. What runs while a kernel dies
 * (frame.c, trace.c, rs_show) takes no lock and allocates nothing. */
#ifndef RINGSIDE_OOPS_H
#define RINGSIDE_OOPS_H

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "include/ringside/uapi/oops.h"
#include "kernel/base/copy.h"
#include "kernel/base/running.h"
#include "kernel/oops/bridge.h"

struct rs_symbols {
	struct rs_copy copy;
	struct rs_table table;
	u64 offset; /* how far the kernel runs above its link address */
};

/* A line index, and of a module where its addresses are. */
struct rs_object {
	struct rs_copy copy;
	struct rs_lines lines;
	bool present;                          /* the regions are a loaded module's */
	unsigned long regions[RS_OOPS_REGIONS]; /* 0: not in memory, or no longer */
	u32 count;
	struct rs_oops_part *parts;
	struct rs_oops_take about;
};

/* Code that is in no module: kernel/space's. */
struct rs_space {
	struct rs_copy copy;
	struct rs_table table; /* run-time addresses */
	const struct file *owner;
	char name[RS_OOPS_NAME_MAX];
};

/* Changed under `lock` alone, a slot at a time; a printer reads them without. Loading a module
 * waits for the lock: nothing that takes long, or that user space can hold up, is done under it. */
extern struct rs_tables {
	struct mutex lock;
	struct rs_symbols *symbols;
	struct rs_object *kernel;
	struct rs_object **modules; /* RS_OOPS_OBJECTS_MAX; gaps are NULL */
	u32 slots;                  /* all beyond are NULL */
	struct rs_space *spaces[RS_OOPS_SPACES_MAX];
	atomic64_t bytes;           /* of all tables */
} rs_tables;

int rs_held_start(void);
void rs_held_stop(void);
int rs_held_take(const struct rs_oops_take *take, const struct file *owner);
int rs_held_drop(const struct rs_oops_drop *drop);
void rs_held_status(struct rs_oops_status *status);

/* A table from user space, counted among rs_tables.bytes; dropped in any case. */
int rs_copy_in(struct rs_copy *copy, const struct rs_oops_take *take);
void rs_copy_drop(struct rs_copy *copy);
int rs_space_take(const struct rs_oops_take *take, const struct file *owner);
/* Whether `address` is in one that we have symbols of. */
bool rs_in_space(unsigned long address);
/* Those of that owner. */
void rs_spaces_drop(const struct file *owner);

int rs_modules_start(void);
void rs_modules_stop(void);
/* Whether the module that lies at object->regions is the one that the index is of. */
bool rs_is_there(const struct rs_object *object);
/* The module whose code `address` is, and the address in its index; NULL. */
const struct rs_object *rs_module_at(unsigned long address, u64 *in_index);

/* What is needed to put a frame into words; too large for a dying kernel's stack. */
struct rs_words {
	struct rs_work work;
	char symbol[768];
	char text[RS_OOPS_TEXT_MAX];
};
/* Lines of text, each ended by \n; their bytes. `back`: 1 for a return address, else 0. */
u32 rs_frame(struct rs_words *words, unsigned long address, u32 back);

int rs_trace_start(void);
void rs_trace_stop(void);
void rs_trace_print(struct task_struct *task, struct pt_regs *regs, unsigned long *stack,
		    const char *level);
/* Returns when no printer uses what rs_tables held before the call. May sleep. False: a printer has
 * faulted, or is held up, and may use it for ever. */
bool rs_trace_settle(void);
void rs_trace_status(struct rs_oops_status *status);

int rs_hook_start(void);
void rs_hook_stop(void);
int rs_hook_arm(bool on);
bool rs_hook_stands(void);

#endif
