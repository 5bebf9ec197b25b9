/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The linker core (C++) as the kernel glue (C) calls it, for the placement `kernel`. Plain data
 * both ways; nothing here allocates, sleeps or takes a lock.
 */
#ifndef RINGSIDE_LOADER_BRIDGE_H
#define RINGSIDE_LOADER_BRIDGE_H

#ifdef __cplusplus
extern "C" {
#endif

struct rs_bytes {
	unsigned char *data;
	unsigned long size;
};

/* core/modules/resolved.hh's ResolvedTable, and where the values go. */
struct rs_symbols {
	struct rs_bytes original, resolved, sections;
	unsigned int percpu_section;
	unsigned long long percpu;
	unsigned long long *values;
	unsigned int count;
};

/* One section's relocations: what is to change, where it is, and the symbols' values. */
struct rs_relocations {
	struct rs_bytes records, target;
	unsigned int section;
	const unsigned long long *values;
	unsigned int count;
};

/* Why the core refused; `what` is not NUL-terminated. */
struct rs_refusal {
	const char *what;
	unsigned int what_bytes;
	unsigned long long at, expected, found;
};

/* Fills values[0..count). 1, or 0 and the reason. */
int rs_read_symbols(const struct rs_symbols *symbols, struct rs_refusal *refusal);

/* Relocates in place, at the addresses where the bytes are. 1, or 0 and the reason. */
int rs_relocate(const struct rs_relocations *relocations, struct rs_refusal *refusal);

#ifdef __cplusplus
}
#endif
#endif
