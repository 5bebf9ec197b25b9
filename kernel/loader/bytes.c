// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the holder of a parked load may read and write. User memory is touched without the load's
 * lock, the module's only under it and while the load is PARKED: so a page of the user's that
 * takes for ever holds nobody up, and nothing is written after the kernel went on.
 */
#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kernel/base/transfer.h"
#include "kernel/loader/loader.h"

static bool is_parked(const struct rs_load *load)
{
	return load->about.state == RS_LOADER_PARKED;
}

static int copy_out(struct rs_load *load, loff_t at, void *buffer, size_t size)
{
	const void *from = rs_shape_bytes(&load->shape, at >> 32, (u32)at, size);

	if (!from)
		return -EINVAL;
	memcpy(buffer, from, size);
	return 0;
}

static int copy_in(struct rs_load *load, loff_t at, const void *buffer, size_t size)
{
	u32 section = at >> 32;
	void *to = rs_shape_bytes(&load->shape, section, (u32)at, size);

	if (!to)
		return -EINVAL;
	if (load->about.mode != RS_LOADER_USER ||
	    !rs_shape_writable(&load->shape, section, (u32)at, size))
		return -EPERM;
	memcpy(to, buffer, size);
	__set_bit(section, load->written);
	return 0;
}

static int check_range(void *object, loff_t at, size_t size, bool writing)
{
	struct rs_load *load = object;
	int status;

	mutex_lock(&load->lock);
	if (!is_parked(load))
		status = -ENODATA;
	else
		status = rs_shape_bytes(&load->shape, at >> 32, (u32)at, size) ? 0 : -EINVAL;
	mutex_unlock(&load->lock);
	return status;
}

static int move_bytes(void *object, loff_t at, void *buffer, size_t size, bool writing)
{
	struct rs_load *load = object;
	int status;

	mutex_lock(&load->lock);
	if (!is_parked(load))
		status = -ENODATA;
	else
		status = writing ? copy_in(load, at, buffer, size) :
				   copy_out(load, at, buffer, size);
	mutex_unlock(&load->lock);
	return status;
}

static const struct rs_transfer sections = { check_range, move_bytes };

ssize_t rs_read(struct rs_load *load, char __user *to, size_t size, loff_t *at)
{
	return to ? rs_transfer(&sections, load, to, NULL, size, at) : -EFAULT;
}

ssize_t rs_write(struct rs_load *load, const char __user *from, size_t size, loff_t *at)
{
	return from ? rs_transfer(&sections, load, NULL, from, size, at) : -EFAULT;
}

/* Records of the parked load's tables, as many as fit into a page. */
union records {
	struct rs_loader_section sections[PAGE_SIZE / sizeof(struct rs_loader_section)];
	u64 symbols[PAGE_SIZE / sizeof(u64)];
};

static void put_sections(const struct rs_shape *shape, union records *records, u32 first, u32 count)
{
	u32 each;

	for (each = 0; each < count; each++) {
		const Elf64_Shdr *section = &shape->sections[first + each];

		records->sections[each] = (struct rs_loader_section){
			.address = section->sh_flags & SHF_ALLOC ? section->sh_addr : 0,
			.bytes = section->sh_size,
			.flags = section->sh_flags,
			.type = section->sh_type,
		};
	}
}

static void put_symbols(const struct rs_shape *shape, union records *records, u32 first, u32 count)
{
	const Elf64_Sym *symbols = (void *)shape->sections[shape->symtab].sh_addr;
	u32 each;

	for (each = 0; each < count; each++)
		records->symbols[each] = symbols[first + each].st_value;
}

/* How many there were at `first`, at most `count`. */
static int fill(struct rs_load *load, bool sections, union records *records, u32 first, u32 count)
{
	u32 total = sections ? load->about.sections : load->about.symbols;

	if (!is_parked(load))
		return -ENODATA;
	count = min(count, first < total ? total - first : 0);
	if (sections)
		put_sections(&load->shape, records, first, count);
	else
		put_symbols(&load->shape, records, first, count);
	return count;
}

static int give_some(struct rs_load *load, bool sections, union records *records, u32 first,
		     u32 count, void __user *to)
{
	size_t record = sections ? sizeof(records->sections[0]) : sizeof(records->symbols[0]);
	int found;

	mutex_lock(&load->lock);
	found = fill(load, sections, records, first, min_t(u32, count, sizeof(*records) / record));
	mutex_unlock(&load->lock);
	if (found > 0 && copy_to_user(to, records, found * record))
		return -EFAULT;
	return found;
}

static int give_all(struct rs_load *load, bool sections, union records *records,
		    struct rs_loader_table *table)
{
	size_t record = sections ? sizeof(records->sections[0]) : sizeof(records->symbols[0]);
	void __user *to = u64_to_user_ptr(table->records);
	u32 done = 0;
	int found;

	do {
		found = give_some(load, sections, records, table->first + done, table->count - done,
				  to + done * record);
		if (found < 0)
			return found;
		done += found;
	} while (found && done < table->count);
	table->count = done;
	return 0;
}

int rs_table(struct rs_load *load, unsigned int command, struct rs_loader_table *table)
{
	union records *records;
	int status;

	if (table->reserved || table->first > S32_MAX)
		return -EINVAL;
	records = kmalloc(sizeof(*records), GFP_KERNEL);
	if (!records)
		return -ENOMEM;
	status = give_all(load, command == RS_LOADER_IOC_SECTIONS, records, table);
	kfree(records);
	return status;
}
