/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the loader module: hook.c knows which thread's load is ours and holds the hook,
 * relocate.c takes the kernel's place, shape.c reads the module at hand, bytes.c lets its holder
 * read and write it, main.c is the device. */
#ifndef RINGSIDE_LOADER_H
#define RINGSIDE_LOADER_H

#include <linux/elf.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "include/ringside/uapi/loader.h"
#include "kernel/loader/bridge.h"

/* The module at hand, in the kernel's own memory. */
struct rs_shape {
	struct module *module;
	Elf64_Shdr *sections;
	const Elf64_Ehdr *file; /* the kernel's copy, headers rewritten, contents as they were */
	u32 count;              /* of sections */
	u32 symtab;
	u32 this_module;
	u32 percpu;             /* index of .data..percpu, 0 for none */
	u32 last;               /* relocation section that the kernel comes to last */
};

/* One open file and its load. */
struct rs_load {
	struct kref references; /* the file's, and the load's while it is in relocate.c */
	struct list_head claim; /* these three are hook.c's */
	struct pid *thread;
	bool entered;

	struct mutex lock;      /* holds all below; the states may be read without */
	wait_queue_head_t changed;
	bool closed;
	u32 timeout_ms;
	struct rs_loader_load about;
	struct rs_shape shape;  /* valid while PARKED or GOING */
	unsigned long *written; /* USER: a bit a section; as long as shape */
	u64 *values;            /* KERNEL: of the symbols; as long as shape */
};

extern struct rs_loader_counts {
	atomic64_t by[4]; /* enum rs_loader_by */
	atomic64_t failed, timed_out;
} rs_counts;

/* Reads what apply_relocate_add() was given. ENOEXEC, with a line in the log, where the load is of
 * a kind that is not handed over. */
int rs_shape_read(struct rs_shape *shape, Elf64_Shdr *sections, u32 symtab, u32 relocations,
		  struct module *module);
/* Whether the kernel applies section `index` to one that is in the module's memory. */
bool rs_shape_relocates(const struct rs_shape *shape, u32 index);
u32 rs_shape_symbols(const struct rs_shape *shape);
void rs_shape_tell(const struct rs_shape *shape, struct rs_loader_load *about);
/* The bytes of a section that is in the module's memory; NULL where they are not all there. */
void *rs_shape_bytes(const struct rs_shape *shape, u32 section, u64 offset, u64 size);
bool rs_shape_writable(const struct rs_shape *shape, u32 section, u64 offset, u64 size);

/* The calling thread's next load is this file's. Sets the hook up where it does not stand. */
int rs_claim(struct rs_load *load);
/* Takes that back. False: the load has come to the hook already. */
bool rs_unclaim(struct rs_load *load);
/* The calling thread's load; there is one where the hook led us. It stays claimed until
 * rs_forget(), and it and this module stay until rs_leave(). */
struct rs_load *rs_entered(void);
void rs_forget(struct rs_load *load);
void rs_leave(struct rs_load *load);
bool rs_hook_stands(u32 *claims);
int rs_hook_start(void);
void rs_hook_stop(void);

/* Stands in for apply_relocate_add(). */
int rs_hand_over(Elf64_Shdr *sections, const char *strings, unsigned int symtab,
		 unsigned int relocations, struct module *module);
extern unsigned long rs_original_body;

/* Ends a PARKED load's wait. The caller holds the lock. */
void rs_settle(struct rs_load *load, u32 by, u32 error);
/* Whether a USER load may go on: DONE where everything that has relocations was written to, else
 * (the kernel relocates) where nothing was. */
bool rs_may_settle(const struct rs_load *load, bool done);
/* What lockdown, and for USER the enforcing of signatures, say now. */
int rs_policy(u32 mode);
void rs_load_free(struct kref *references);

ssize_t rs_read(struct rs_load *load, char __user *to, size_t size, loff_t *at);
ssize_t rs_write(struct rs_load *load, const char __user *from, size_t size, loff_t *at);
int rs_table(struct rs_load *load, unsigned int command, struct rs_loader_table *table);

#endif
