/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core (C++) as the kernel glue (C) calls it. */
#ifndef SPECIMEN_BRIDGE_H
#define SPECIMEN_BRIDGE_H

#ifdef __cplusplus
extern "C" {
#endif

struct specimen_digest {
	unsigned long long storage;
};

void specimen_start(struct specimen_digest *digest);
void specimen_feed(struct specimen_digest *digest, const unsigned char *bytes, unsigned long size);
/* 16 digits, without a NUL. */
void specimen_text(const struct specimen_digest *digest, char *room);

#ifdef __cplusplus
}
#endif
#endif
