// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the holder of a parked load may read and write. User memory is touched without the load's
 * lock, the module's only under it and while the load is PARKED: so a page of the user's that
 * takes for ever holds nobody up, and nothing is written after the kernel went on.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kernel/loader/loader.h"

#define CHUNK 65536u

static bool is_parked(const struct rs_load *load)
{
	return load->about.state == RS_LOADER_PARKED;
}

/* Where a transfer stands: `size` bytes at byte `offset` of section `section`. */
struct place {
	u32 section, offset;
	size_t size;
};

static struct place place_of(loff_t at, size_t size)
{
	return (struct place){ at >> 32, at, min_t(size_t, size, CHUNK) };
}

static int copy_out(struct rs_load *load, const struct place *place, void *buffer)
{
	const void *from;

	if (!is_parked(load))
		return -ENODATA;
	from = rs_shape_bytes(&load->shape, place->section, place->offset, place->size);
	if (!from)
		return -EINVAL;
	memcpy(buffer, from, place->size);
	return 0;
}

static int copy_in(struct rs_load *load, const struct place *place, const void *buffer)
{
	void *to;

	if (!is_parked(load))
		return -ENODATA;
	to = rs_shape_bytes(&load->shape, place->section, place->offset, place->size);
	if (!to)
		return -EINVAL;
	if (load->about.mode != RS_LOADER_USER ||
	    !rs_shape_writable(&load->shape, place->section, place->offset, place->size))
		return -EPERM;
	memcpy(to, buffer, place->size);
	__set_bit(place->section, load->written);
	return 0;
}

static int read_chunk(struct rs_load *load, const struct place *place, void *buffer,
		      char __user *to)
{
	int status;

	mutex_lock(&load->lock);
	status = copy_out(load, place, buffer);
	mutex_unlock(&load->lock);
	if (!status && copy_to_user(to, buffer, place->size))
		return -EFAULT;
	return status;
}

static int write_chunk(struct rs_load *load, const struct place *place, void *buffer,
		       const char __user *from)
{
	int status;

	if (copy_from_user(buffer, from, place->size))
		return -EFAULT;
	mutex_lock(&load->lock);
	status = copy_in(load, place, buffer);
	mutex_unlock(&load->lock);
	return status;
}

/* The whole range must be there before any of it is moved. */
static int check_range(struct rs_load *load, loff_t at, size_t size)
{
	int status;

	mutex_lock(&load->lock);
	if (!is_parked(load))
		status = -ENODATA;
	else if (rs_shape_bytes(&load->shape, at >> 32, (u32)at, size))
		status = 0;
	else
		status = -EINVAL;
	mutex_unlock(&load->lock);
	return status;
}

static int move(struct rs_load *load, char __user *to, const char __user *from, size_t size,
		loff_t at, void *buffer)
{
	int status = check_range(load, at, size);
	size_t done = 0;

	while (!status && done < size) {
		struct place place = place_of(at + done, size - done);

		status = to ? read_chunk(load, &place, buffer, to + done) :
			      write_chunk(load, &place, buffer, from + done);
		done += place.size;
		if (!status && fatal_signal_pending(current))
			status = -EINTR;
	}
	return status;
}

/* One of `to` and `from` is NULL. */
static ssize_t transfer(struct rs_load *load, char __user *to, const char __user *from, size_t size,
			loff_t *at)
{
	void *buffer;
	int status;

	if (!size)
		return 0;
	buffer = kvmalloc(min_t(size_t, size, CHUNK), GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	status = move(load, to, from, size, *at, buffer);
	kvfree(buffer);
	if (status)
		return status;
	*at += size;
	return size;
}

ssize_t rs_read(struct rs_load *load, char __user *to, size_t size, loff_t *at)
{
	return to ? transfer(load, to, NULL, size, at) : -EFAULT;
}

ssize_t rs_write(struct rs_load *load, const char __user *from, size_t size, loff_t *at)
{
	return from ? transfer(load, NULL, from, size, at) : -EFAULT;
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
