// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The trace, once more, in the words of frame.c. Runs in whatever context dies, or is shown: it
 * takes no lock, allocates nothing and ends after MAX_FRAMES frames, MAX_LINES lines or
 * MAX_NANOSECONDS. Interrupts are off meanwhile, as they are in stock's dump_stack(), so that a
 * CPU's printer is met again only by what its own printk() says or dies of, or by an NMI. Such a
 * trace is left to the kernel; where it is one of a death of ours, we print no more.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/nmi.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/unwind.h>

#include "kernel/oops/oops.h"

#define MAX_FRAMES 64
#define MAX_LINES 256
#define MAX_NANOSECONDS (2 * NSEC_PER_SEC) /* a slow console is waited for */
#define SETTLE_MILLISECONDS 30000

#ifndef CONFIG_UNWINDER_ORC
#error "which frames are interrupted ones is known of the ORC unwinder alone"
#endif

struct printer {
	atomic_t busy;
	bool in_nmi;
	u32 frames, lines;
	u64 deadline;
	struct unwind_state state;
	struct rs_words words;
};
static struct printer __percpu *printers;
static bool off;
static atomic64_t traces, frames, skipped;

/* The trace that comes while this CPU prints one. A death has registers, and has begun an oops; so
 * has a backtrace that an NMI was sent for while another CPU dies, but that came from outside. */
static bool is_own_death(const struct printer *now, const struct pt_regs *regs)
{
	if (!regs || (in_nmi() && !now->in_nmi))
		return false;
	return oops_in_progress || within_module(regs->ip, THIS_MODULE);
}

static bool enter(struct printer *now, const struct pt_regs *regs)
{
	if (atomic_cmpxchg(&now->busy, 0, 1) == 0) {
		now->in_nmi = in_nmi();
		now->frames = now->lines = 0;
		now->deadline = ktime_get_mono_fast_ns() + MAX_NANOSECONDS;
		return true;
	}
	atomic64_inc(&skipped);
	if (is_own_death(now, regs))
		WRITE_ONCE(off, true);
	return false;
}

static bool is_over(const struct printer *now)
{
	return unwind_done((struct unwind_state *)&now->state) || now->frames >= MAX_FRAMES ||
	       now->lines >= MAX_LINES || ktime_get_mono_fast_ns() > now->deadline;
}

static void print_line(struct printer *now, const char *level, const char *line, int bytes)
{
	if (now->lines++ < MAX_LINES)
		printk("%sringside[%d]: %.*s\n", level, smp_processor_id(), bytes, line);
}

static void print_frame(struct printer *now, const char *level, unsigned long address, u32 back)
{
	u32 bytes = rs_frame(&now->words, address, back);
	const char *line = now->words.text, *end = line + bytes, *stop;

	for (; line < end; line = stop + 1) {
		stop = memchr(line, '\n', end - line);
		if (!stop)
			return;
		print_line(now, level, line, stop - line);
	}
	now->frames++;
}

/* The unwinder gives no address that the kernel does not know as text; a space's is none. */
static unsigned long address_of(struct unwind_state *state)
{
	unsigned long address = unwind_get_return_address(state);

	return address || !rs_in_space(state->ip) ? address : state->ip;
}

/* state.signal: what was interrupted there is at the address itself, no call's return. */
static void print_frames(struct printer *now, const char *level)
{
	struct unwind_state *state = &now->state;

	for (; !is_over(now); unwind_next_frame(state)) {
		unsigned long address = address_of(state);

		if (address)
			print_frame(now, level, address, state->signal ? 0 : 1);
		touch_nmi_watchdog();
	}
	if (!unwind_done(state))
		printk("%sringside[%d]: there are more\n", level, smp_processor_id());
}

static void print_trace(struct printer *now, struct task_struct *task, struct pt_regs *regs,
			unsigned long *stack, const char *level)
{
	print_line(now, level, "Decoded Trace:", sizeof("Decoded Trace:") - 1);
	if (regs)
		print_frame(now, level, regs->ip, 0);
	unwind_start(&now->state, task, regs, stack);
	print_frames(now, level);
	atomic64_inc(&traces);
	atomic64_add(now->frames, &frames);
}

void rs_trace_print(struct task_struct *task, struct pt_regs *regs, unsigned long *stack,
		    const char *level)
{
	struct printer *now;
	unsigned long flags;

	if (READ_ONCE(off) || (regs && user_mode(regs)))
		return;
	local_irq_save(flags);
	now = this_cpu_ptr(printers);
	if (enter(now, regs)) {
		print_trace(now, task, regs, stack, level);
		now->in_nmi = false; /* for an NMI that comes before the next one has set it */
		atomic_set_release(&now->busy, 0);
	}
	local_irq_restore(flags);
}

/* The caller has changed rs_tables; a printer that begins from here on sees that. */
bool rs_trace_settle(void)
{
	int cpu, left = SETTLE_MILLISECONDS;

	smp_mb();
	for_each_possible_cpu(cpu) {
		while (atomic_read_acquire(&per_cpu_ptr(printers, cpu)->busy)) {
			if (READ_ONCE(off) || !left--)
				return false;
			msleep(1);
		}
	}
	return true;
}

void rs_trace_status(struct rs_oops_status *status)
{
	status->off = READ_ONCE(off);
	status->traces = atomic64_read(&traces);
	status->frames = atomic64_read(&frames);
	status->skipped = atomic64_read(&skipped);
}

int rs_trace_start(void)
{
	printers = alloc_percpu(struct printer);
	return printers ? 0 : -ENOMEM;
}

void rs_trace_stop(void)
{
	free_percpu(printers);
}
