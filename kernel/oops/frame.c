// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One frame in words. Symbols of the kernel are our table's, where there is one; those of modules,
 * and all without a table, are as the kernel's own %pS and %pB have them.
 */
#include <linux/kernel.h>

#include "kernel/oops/oops.h"

static u32 own_symbol(struct rs_words *words, const struct rs_symbols *symbols,
		      unsigned long address, u32 back)
{
	struct rs_scratch *scratch = (struct rs_scratch *)&words->work;
	u64 linked = address - symbols->offset;
	struct rs_symbol symbol;

	BUILD_BUG_ON(sizeof(struct rs_scratch) > sizeof(words->work));
	if (address < RS_KERNEL_BASE + symbols->offset)
		return 0;
	if (!rs_table_find(&symbols->table, linked - back, &symbol, scratch))
		return 0;
	return scnprintf(words->symbol, sizeof(words->symbol), "%.*s+%#llx/%#llx",
			 (int)symbol.name_bytes, symbol.name, linked - symbol.address,
			 symbol.size);
}

static u32 space_symbol(struct rs_words *words, const struct rs_space *space,
			unsigned long address, u32 back)
{
	struct rs_scratch *scratch = (struct rs_scratch *)&words->work;
	struct rs_symbol symbol;

	if (!rs_table_find(&space->table, address - back, &symbol, scratch))
		return 0;
	return scnprintf(words->symbol, sizeof(words->symbol), "%.*s+%#llx/%#llx [%s]",
			 (int)symbol.name_bytes, symbol.name, address - symbol.address,
			 symbol.size, space->name);
}

static u32 symbol_of_spaces(struct rs_words *words, unsigned long address, u32 back)
{
	const struct rs_space *space;
	u32 slot, bytes = 0;

	for (slot = 0; slot < RS_OOPS_SPACES_MAX && !bytes; slot++) {
		space = smp_load_acquire(&rs_tables.spaces[slot]);
		if (space)
			bytes = space_symbol(words, space, address, back);
	}
	return bytes;
}

static u32 stock_symbol(struct rs_words *words, unsigned long address, u32 back)
{
	const char *format = back ? "%pB" : "%pS";

	return scnprintf(words->symbol, sizeof(words->symbol), format, (void *)address);
}

static const struct rs_lines *lines_at(const struct rs_symbols *symbols, unsigned long address,
				       u32 back, u64 *in_index)
{
	const struct rs_object *object = rs_module_at(address - back, in_index);

	if (!object && symbols && address >= RS_KERNEL_BASE + symbols->offset) {
		object = READ_ONCE(rs_tables.kernel);
		*in_index = address - back - symbols->offset;
	}
	return object ? &object->lines : NULL;
}

u32 rs_frame(struct rs_words *words, unsigned long address, u32 back)
{
	const struct rs_symbols *symbols = READ_ONCE(rs_tables.symbols);
	struct rs_bytes symbol = { (u8 *)words->symbol, 0 };
	const struct rs_lines *lines;
	u64 in_index = 0;

	if (symbols)
		symbol.size = own_symbol(words, symbols, address, back);
	if (!symbol.size)
		symbol.size = symbol_of_spaces(words, address, back);
	if (!symbol.size)
		symbol.size = stock_symbol(words, address, back);
	lines = lines_at(symbols, address, back, &in_index);
	return rs_lines_text(lines, in_index, symbol, &words->work, words->text,
			     sizeof(words->text));
}
