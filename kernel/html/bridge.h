/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The core (C++) as the kernel glue (C) calls it. Nothing here allocates, sleeps or takes a lock.
 * rs_html_index() alone uses SIMD registers, so it is all that stands between kernel_fpu_begin()
 * and kernel_fpu_end(); with RS_HTML_INDEX_PORTABLE it uses none.
 */
#ifndef RINGSIDE_HTML_BRIDGE_H
#define RINGSIDE_HTML_BRIDGE_H

#ifdef __cplusplus
extern "C" {
#endif

#define RS_HTML_SLICE 16384u    /* bytes of input at once */
#define RS_HTML_LEAST_ROOM 64u  /* bytes of output that a call needs to get on */

enum rs_html_index_by {
	RS_HTML_INDEX_PORTABLE,
	RS_HTML_INDEX_SSE2,
	RS_HTML_INDEX_AVX2,
};

struct rs_html_stripper;

/* Bytes that a stripper takes; it begins in them. */
unsigned long rs_html_bytes(void);
struct rs_html_stripper *rs_html_start(void *memory, int raw);

/* Begins a slice of at most RS_HTML_SLICE bytes. */
void rs_html_index(struct rs_html_stripper *stripper, const unsigned char *slice,
		   unsigned int bytes, enum rs_html_index_by by);

/* Goes on in that slice, the same bytes; what was written to `room`. */
unsigned long rs_html_run(struct rs_html_stripper *stripper, const unsigned char *slice,
			  unsigned int bytes, unsigned char *room, unsigned long room_bytes);
int rs_html_done(const struct rs_html_stripper *stripper);

/* The input has ended: the rest of the text. */
unsigned long rs_html_finish(struct rs_html_stripper *stripper, unsigned char *room,
			     unsigned long room_bytes);

#ifdef __cplusplus
}
#endif
#endif
