/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* core/channel (C++) as the kernel glue (C) calls it: nothing here allocates, sleeps or locks. */
#ifndef RINGSIDE_CHANNELS_BRIDGE_H
#define RINGSIDE_CHANNELS_BRIDGE_H

#ifdef __cplusplus
extern "C" {
#endif

/* One client's DATA; Sink of the core. */
struct rs_sink {
	unsigned long long storage[8];
};

/* Writes the header and, where `checked`, the pattern of `sequence`; else zeroes. Room for 16 and
 * `length` bytes. */
void rs_message_make(void *message, unsigned int type, unsigned long long sequence,
		     unsigned int length, int checked);

void rs_sink_start(struct rs_sink *sink, int checked);
/* A whole message from a user: 1: an ECHO, which has become its REPLY; 0: DATA, which was taken;
 * -1: neither. */
int rs_sink_serve(struct rs_sink *sink, void *message, unsigned long bytes);
/* Five numbers: struct rs_channel_counts. */
void rs_sink_counts(const struct rs_sink *sink, unsigned long long *counts);

/* A ring; Ring of the core. */
struct rs_ring_side {
	unsigned long long storage[8];
};
void rs_ring_start(struct rs_ring_side *side, void *page, unsigned long bytes);
/* Bytes of the next message and its type; 0: none, -1: the ring is none. */
int rs_ring_peek(struct rs_ring_side *side, unsigned int *type);
/* Whether a message of so many bytes has room: 1, 0, or -1: it never will, or the ring is none. */
int rs_ring_room(struct rs_ring_side *side, unsigned int bytes);
/* Copies the next message to `message`, of `room` bytes: its bytes, 0 where there is none, -1
 * where the ring is none, or the message has no room. */
int rs_ring_next(struct rs_ring_side *side, void *message, unsigned int room);
/* Takes up to `count` DATA that follow each other to `sink`, through `message`, which has room for
 * the largest; how many. */
unsigned int rs_ring_take_data(struct rs_ring_side *side, struct rs_sink *sink, void *message,
			       unsigned int count);
/* Makes up to `count` DATA from number `first` on: how many had room; -1 where the ring is none, or
 * `length` too much for it. */
int rs_ring_make_data(struct rs_ring_side *side, unsigned long long first, unsigned int length,
		      int checked, unsigned int count);
/* Writes a message of 16 and more bytes: 1, 0 where the ring is full, -1 where it is none. */
int rs_ring_put(struct rs_ring_side *side, const void *message, unsigned int bytes);

#ifdef __cplusplus
}
#endif
#endif
