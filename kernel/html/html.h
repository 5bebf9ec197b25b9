/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the html module: source.c reads the caller's file, main.c is the device. */
#ifndef RINGSIDE_HTML_H
#define RINGSIDE_HTML_H

#include <linux/fs.h>

/* The file behind `fd` of the caller, with a reference, if it can be a source; else an error.
 * `own`: the operations of our own device, which cannot be one. */
struct file *rs_source_get(int fd, const struct file_operations *own);

/* Whether a read of it never waits for someone to write. */
bool rs_source_regular(const struct file *source);

/*
 * Reads up to `bytes` at *place into `slice`, as read(2) would, and moves *place; the bytes, 0 at
 * the end, or an error. A file without read_iter knows only how to fill a user's buffer: it gets
 * `bounce`, at most `bounce_bytes`, which is the reader's own.
 */
ssize_t rs_source_read(struct file *source, void *slice, size_t bytes, loff_t *place,
		       char __user *bounce, size_t bounce_bytes);

#endif
