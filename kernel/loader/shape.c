// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the module at hand is made of, read from the section headers that apply_relocate_add() is
 * given. The kernel has checked all of them (elf_validity_check); its copy of the file lies where
 * any section that it did not move lies, less that section's offset. Source: kernel/module/main.c.
 */
#define pr_fmt(fmt) "ringside-loader: " fmt

#include <linux/livepatch.h>
#include <linux/string.h>

#include "kernel/loader/loader.h"

static bool in_module(const Elf64_Shdr *section)
{
	return section->sh_flags & SHF_ALLOC;
}

/* As apply_relocations() asks. */
static bool applies(const struct rs_shape *shape, u32 index)
{
	u32 target = shape->sections[index].sh_info;

	return target < shape->count && in_module(&shape->sections[target]);
}

bool rs_shape_relocates(const struct rs_shape *shape, u32 index)
{
	return shape->sections[index].sh_type == SHT_RELA && applies(shape, index);
}

/* Kinds that kernels relocate by other functions, or not from their copy of the file. */
static bool strange(const struct rs_shape *shape, u32 index)
{
	const Elf64_Shdr *section = &shape->sections[index];

	if (!applies(shape, index))
		return false;
	return section->sh_type == SHT_REL || section->sh_flags & SHF_RELA_LIVEPATCH ||
	       (section->sh_type == SHT_RELA && in_module(section));
}

static u32 find_percpu(const struct rs_shape *shape)
{
	const char *names = (void *)shape->sections[shape->file->e_shstrndx].sh_addr;
	u32 each;

	for (each = 1; each < shape->count; each++)
		if (!strcmp(names + shape->sections[each].sh_name, ".data..percpu"))
			return each;
	return 0;
}

static int survey(struct rs_shape *shape)
{
	u32 each;

	for (each = 1; each < shape->count; each++) {
		if (strange(shape, each))
			return -ENOEXEC;
		if (rs_shape_relocates(shape, each))
			shape->last = each;
		if ((void *)shape->sections[each].sh_addr == shape->module)
			shape->this_module = each;
	}
	return shape->last && shape->this_module ? 0 : -ENOEXEC;
}

static int read(struct rs_shape *shape, u32 relocations)
{
	const Elf64_Shdr *first = &shape->sections[relocations];

	if (in_module(first))
		return -ENOEXEC;
	shape->file = (void *)(first->sh_addr - first->sh_offset);
	if ((void *)shape->file + shape->file->e_shoff != shape->sections)
		return -ENOEXEC;
	shape->count = shape->file->e_shnum;
	return survey(shape);
}

int rs_shape_read(struct rs_shape *shape, Elf64_Shdr *sections, u32 symtab, u32 relocations,
		  struct module *module)
{
	int status;

	*shape = (struct rs_shape){ .module = module, .sections = sections, .symtab = symtab };
	status = read(shape, relocations);
	if (status)
		pr_warn("%s: livepatch or strange relocations are not handed over\n", module->name);
	else
		shape->percpu = find_percpu(shape);
	return status;
}

u32 rs_shape_symbols(const struct rs_shape *shape)
{
	return shape->sections[shape->symtab].sh_size / sizeof(Elf64_Sym);
}

void rs_shape_tell(const struct rs_shape *shape, struct rs_loader_load *about)
{
	BUILD_BUG_ON(MODULE_NAME_LEN > RS_LOADER_NAME_MAX);
	about->sections = shape->count;
	about->symbols = rs_shape_symbols(shape);
	about->symbol_section = shape->symtab;
	about->module_section = shape->this_module;
	about->percpu_section = shape->percpu;
	about->percpu = (unsigned long)shape->module->percpu;
	strscpy(about->name, shape->module->name, sizeof(about->name));
}

void *rs_shape_bytes(const struct rs_shape *shape, u32 section, u64 offset, u64 size)
{
	const Elf64_Shdr *there = &shape->sections[section];

	if (section >= shape->count || !in_module(there))
		return NULL;
	if (offset > there->sh_size || size > there->sh_size - offset)
		return NULL;
	return (void *)there->sh_addr + offset;
}

static bool within(u64 offset, u64 size, u64 field, u64 bytes)
{
	return offset >= field && offset + size <= field + bytes;
}

/* struct module is in use by now: only what relocation gives it may change. */
static bool is_entry_word(u64 offset, u64 size)
{
	return within(offset, size, offsetof(struct module, init), sizeof(void *)) ||
	       within(offset, size, offsetof(struct module, exit), sizeof(void *));
}

bool rs_shape_writable(const struct rs_shape *shape, u32 section, u64 offset, u64 size)
{
	if (section == shape->symtab || section == shape->sections[shape->symtab].sh_link)
		return false;
	return section != shape->this_module || is_entry_word(offset, size);
}
