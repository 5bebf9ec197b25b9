// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * When a task oopses, right after the stock report: where it died and its return addresses, raw,
 * with the KASLR offset, so that they can be resolved elsewhere; and resolved here by the table,
 * if there is one. Runs in whatever context died: no lock, no allocation, at most MAX_FRAMES
 * lines, and one dying task a CPU.
 */
#include <linux/kdebug.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <asm/unwind.h>

#include "kernel/ksyms/ksyms.h"

#define MAX_FRAMES 48

struct dying {
	atomic_t busy;
	struct rs_scratch scratch;
	char text[RS_KSYMS_TEXT_MAX];
};
static struct dying __percpu *dying;

/* A return address is looked up one byte before, as %pB does: the call is what ran. */
static void print_address(struct dying *now, const char *what, u64 address, unsigned int back)
{
	const struct rs_held *held = rs_held_get();
	struct rs_symbol symbol;

	now->text[0] = 0;
	if (held && rs_held_find(held, address - back, &symbol, &now->scratch))
		rs_format(now->text, sizeof(now->text), &symbol, address - symbol.address);
	pr_emerg("ringside-ksyms: %s %016llx %s\n", what, address, now->text);
}

static void print_trace(struct dying *now, struct pt_regs *regs)
{
	const struct rs_held *held = rs_held_get();
	struct unwind_state state;
	unsigned int frame = 0;

	if (held)
		pr_emerg("ringside-ksyms: offset %#llx\n", held->kaslr_offset);
	else
		pr_emerg("ringside-ksyms: offset unknown (no table)\n");
	print_address(now, "ip", regs->ip, 0);
	unwind_start(&state, current, regs, NULL);
	for (; !unwind_done(&state) && frame < MAX_FRAMES; unwind_next_frame(&state), frame++) {
		unsigned long address = unwind_get_return_address(&state);

		if (address && address != regs->ip)
			print_address(now, "ret", address, 1);
	}
}

static int on_die(struct notifier_block *block, unsigned long why, void *data)
{
	struct die_args *args = data;
	struct dying *now;

	if (why != DIE_OOPS || !args->regs || user_mode(args->regs))
		return NOTIFY_DONE;
	now = this_cpu_ptr(dying); /* an oops holds its CPU */
	if (atomic_cmpxchg(&now->busy, 0, 1) != 0)
		return NOTIFY_DONE;
	rcu_read_lock();
	print_trace(now, args->regs);
	rcu_read_unlock();
	atomic_set(&now->busy, 0);
	return NOTIFY_DONE;
}

static struct notifier_block die_block = { .notifier_call = on_die };

int rs_raw_start(void)
{
	int status;

	dying = alloc_percpu(struct dying);
	if (!dying)
		return -ENOMEM;
	status = register_die_notifier(&die_block);
	if (status)
		free_percpu(dying);
	return status;
}

void rs_raw_stop(void)
{
	unregister_die_notifier(&die_block);
	free_percpu(dying);
}
