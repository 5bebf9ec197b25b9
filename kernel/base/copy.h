/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of user space in the kernel: copied once, then mapped read-only, so that a stray write
 * faults rather than misleads a dying kernel. May sleep. */
#ifndef RINGSIDE_COPY_H
#define RINGSIDE_COPY_H

#include <linux/types.h>

struct rs_copy {
	void *bytes; /* the mapping of the pages */
	u64 size;
	struct page **pages;
	u32 page_count;
};

/* `copy` is zeroed; whatever comes of it, rs_copy_free() is due. ENOMEM, EFAULT, EINTR. */
int rs_copy_take(struct rs_copy *copy, u64 from, u64 size);
void rs_copy_free(struct rs_copy *copy);

#endif
