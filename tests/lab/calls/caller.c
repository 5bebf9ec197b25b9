// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a call costs: reading the parameter `calls` makes a million of each kind and says what one
 * took, in picoseconds. All functions have the same body, and the empty loop is taken off.
 */
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#define CALLS 1000000u

typedef int function(struct file *file, loff_t start, loff_t end, int datasync);
function ringside_callee;

/* noipa: else gcc makes a clone without arguments and result, and calls that. */
static __attribute__((noipa)) int own(struct file *file, loff_t start, loff_t end, int datasync)
{
	return 0;
}

/* The loop and its arguments are the same each time; OPTIMIZER_HIDE_VAR keeps pointers pointers. */
#define TIMED(statement)                                           \
	({                                                         \
		u64 start = ktime_get_ns();                        \
		u32 each;                                          \
		for (each = 0; each < CALLS; each++) {             \
			statement;                                 \
			barrier();                                 \
		}                                                  \
		ktime_get_ns() - start;                            \
	})

static int put(char *text, const char *what, u64 taken, u64 loop)
{
	u64 one = div_u64((taken > loop ? taken - loop : 0) * 1000, CALLS);

	return scnprintf(text, 80, "%s %llu\n", what, one);
}

static int get_calls(char *text, const struct kernel_param *parameter)
{
	function *into_own = own, *into_module = ringside_callee, *into_kernel = noop_fsync;
	u64 loop = TIMED((void)0);
	int size = 0;

	OPTIMIZER_HIDE_VAR(into_own);
	OPTIMIZER_HIDE_VAR(into_module);
	OPTIMIZER_HIDE_VAR(into_kernel);
	size += put(text + size, "within a module", TIMED(own(NULL, 0, 0, 0)), loop);
	size += put(text + size, "to another module", TIMED(ringside_callee(NULL, 0, 0, 0)), loop);
	size += put(text + size, "to the kernel", TIMED(noop_fsync(NULL, 0, 0, 0)), loop);
	size += put(text + size, "within a module, by pointer", TIMED(into_own(NULL, 0, 0, 0)),
		    loop);
	size += put(text + size, "to another module, by pointer",
		    TIMED(into_module(NULL, 0, 0, 0)), loop);
	size += put(text + size, "to the kernel, by pointer", TIMED(into_kernel(NULL, 0, 0, 0)),
		    loop);
	return size;
}

static const struct kernel_param_ops calls_ops = { .get = get_calls };
module_param_cb(calls, &calls_ops, NULL, 0400);

MODULE_DESCRIPTION("what a call costs");
MODULE_LICENSE("GPL");
