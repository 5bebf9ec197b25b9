// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keeps what the module `name` looked like between relocation and all that kernels patch then
 * (alternatives, returns, calls): a probe on module_finalize(), whoever relocated. The files in
 * /sys/kernel/debug/ringside-witness, in the form in which /dev/ringside gives them:
 *
 *   sections   struct rs_loader_section of each section
 *   symbols    __u64 st_value of each symbol
 *   bytes      of all sections that have an address, one after the other
 */
#include <linux/debugfs.h>
#include <linux/elf.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "include/ringside/uapi/loader.h"

#define ROOM (4u << 20)

static char name[RS_LOADER_NAME_MAX];
module_param_string(name, name, sizeof(name), 0600);

static struct debugfs_blob_wrapper sections, symbols, bytes;
static struct dentry *folder;

/* Behind what is there already; what does not fit is missing, and its reader will say so. */
static void append(struct debugfs_blob_wrapper *blob, const void *from, size_t size)
{
	if (size > ROOM - blob->size)
		return;
	memcpy(blob->data + blob->size, from, size);
	blob->size += size;
}

static void keep_section(const Elf64_Shdr *section)
{
	bool there = section->sh_flags & SHF_ALLOC;
	struct rs_loader_section record = {
		.address = there ? section->sh_addr : 0,
		.bytes = section->sh_size,
		.flags = section->sh_flags,
		.type = section->sh_type,
	};

	append(&sections, &record, sizeof(record));
	if (there)
		append(&bytes, (void *)section->sh_addr, section->sh_size);
}

static void keep_symbols(const Elf64_Shdr *table)
{
	const Elf64_Sym *symbol = (void *)table->sh_addr, *end = (void *)symbol + table->sh_size;

	for (; symbol < end; symbol++)
		append(&symbols, &symbol->st_value, sizeof(symbol->st_value));
}

/* module_finalize(file, headers, module) */
static int on_finalize(struct kprobe *probe, struct pt_regs *registers)
{
	const Elf64_Ehdr *file = (void *)registers->di;
	const Elf64_Shdr *headers = (void *)registers->si;
	const struct module *module = (void *)registers->dx;
	int each;

	if (strcmp(module->name, name))
		return 0;
	sections.size = symbols.size = bytes.size = 0;
	for (each = 0; each < file->e_shnum; each++) {
		keep_section(&headers[each]);
		if (headers[each].sh_type == SHT_SYMTAB)
			keep_symbols(&headers[each]);
	}
	return 0;
}

static struct kprobe probe = { .symbol_name = "module_finalize", .pre_handler = on_finalize };

static void put(void)
{
	debugfs_remove(folder);
	vfree(sections.data);
	vfree(symbols.data);
	vfree(bytes.data);
}

static int __init start(void)
{
	int status = -ENOMEM;

	sections.data = vmalloc(ROOM);
	symbols.data = vmalloc(ROOM);
	bytes.data = vmalloc(ROOM);
	if (sections.data && symbols.data && bytes.data)
		status = register_kprobe(&probe);
	if (status) {
		put();
		return status;
	}
	folder = debugfs_create_dir("ringside-witness", NULL);
	debugfs_create_blob("sections", 0400, folder, &sections);
	debugfs_create_blob("symbols", 0400, folder, &symbols);
	debugfs_create_blob("bytes", 0400, folder, &bytes);
	return 0;
}

static void __exit stop(void)
{
	unregister_kprobe(&probe);
	put();
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Ringside's tests: what a module was before the kernel patched it");
MODULE_LICENSE("GPL");
