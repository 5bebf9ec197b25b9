/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/ksyms (C++) as kernel glue (C) calls it. Plain data both ways; nothing here allocates,
 * sleeps or takes a lock, so every call may be made in any context.
 */
#ifndef RINGSIDE_TABLE_H
#define RINGSIDE_TABLE_H

#ifdef __cplusplus
extern "C" {
#endif

#define RS_SCRATCH_BYTES 1024

/* The core's Table; its bytes stay the caller's and must outlive it. */
struct rs_table {
	unsigned long long storage[32];
};

struct rs_scratch {
	unsigned long long storage[RS_SCRATCH_BYTES / 8];
};

/* Why a table was refused; the strings are the core's literals. */
struct rs_refusal {
	const char *what, *part;
	unsigned long long at, expected, found;
};

struct rs_symbol {
	unsigned long long address, size; /* as linked; bytes */
	const char *name;                 /* in the scratch, not NUL-terminated */
	unsigned int name_bytes;
	char type;
};

struct rs_bytes {
	const unsigned char *data;
	unsigned long size;
};

/* Checks all but the blocks. 1: go on with those; 0: refused, with the reason. */
int rs_table_start(struct rs_table *table, struct rs_bytes bytes, struct rs_refusal *refusal);
/* Checks block number `block`; a table is good for look-ups when every one has passed. */
unsigned int rs_table_blocks(const struct rs_table *table);
int rs_table_check(const struct rs_table *table, unsigned int block, struct rs_scratch *scratch,
		   struct rs_refusal *refusal);
struct rs_bytes rs_table_build_id(const struct rs_table *table);
unsigned int rs_table_symbols(const struct rs_table *table);

/* The symbol that covers a link-time address: 1 and *symbol, or 0. */
int rs_table_find(const struct rs_table *table, unsigned long long address,
		  struct rs_symbol *symbol, struct rs_scratch *scratch);

/* Whether it has one there; costs nothing. */
int rs_table_covers(const struct rs_table *table, unsigned long long address);

/* Number `nth`, by address, of the symbols that bear `name`: 1 and *symbol, or 0. */
int rs_table_name(const struct rs_table *table, struct rs_bytes name, unsigned int nth,
		  struct rs_symbol *symbol, struct rs_scratch *scratch);

/* What lies below is no address but a per-CPU offset. */
#define RS_KERNEL_BASE 0xffffffff80000000ull

/* The build-id in a section of ELF notes; no bytes where there is none. */
struct rs_bytes rs_build_id_of_notes(struct rs_bytes notes);

#ifdef __cplusplus
}
#endif
#endif
