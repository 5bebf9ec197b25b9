/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core (C++) as the kernel glue (C) calls it: core/firmware/transfer.hh says what each step and
 * call means. Nothing here allocates, sleeps or takes a lock. */
#ifndef RINGSIDE_FIRMWARE_BRIDGE_H
#define RINGSIDE_FIRMWARE_BRIDGE_H

#ifdef __cplusplus
extern "C" {
#endif

enum rs_transfer_step {
	RS_TRANSFER_OPEN,
	RS_TRANSFER_BEGIN,
	RS_TRANSFER_COPY,
	RS_TRANSFER_COMMIT,
	RS_TRANSFER_ABORT,
	RS_TRANSFER_END,
};

enum rs_transfer_found {
	RS_FOUND_FILE,
	RS_FOUND_NOTHING,
	RS_FOUND_OUTSIDE,
	RS_FOUND_NOT_REGULAR,
};

enum rs_transfer_verdict {
	RS_VERDICT_PENDING,
	RS_VERDICT_LOADED,
	RS_VERDICT_NOT_FOUND,
	RS_VERDICT_REFUSED,
	RS_VERDICT_FAILED,
};

#define RS_TRANSFER_BYTES 96      /* that a transfer takes, aligned to 8 */
#define RS_TRANSFER_MAX 0x7ffff000ul /* bytes of firmware */
struct rs_transfer {
	unsigned long long memory[RS_TRANSFER_BYTES / 8];
};

/* Uncompressed files alone, in `folders` folders. */
void rs_transfer_start(struct rs_transfer *transfer, const char *name, unsigned long bytes,
		       unsigned int folders);
enum rs_transfer_step rs_transfer_next(const struct rs_transfer *transfer);
/* Of OPEN: the folder to look in. The file is called as the firmware is. */
unsigned int rs_transfer_folder(const struct rs_transfer *transfer);

void rs_transfer_opened(struct rs_transfer *transfer, enum rs_transfer_found found);
void rs_transfer_begun(struct rs_transfer *transfer);
void rs_transfer_copied_all(struct rs_transfer *transfer, unsigned long bytes);
void rs_transfer_committed(struct rs_transfer *transfer);
void rs_transfer_aborted(struct rs_transfer *transfer);
void rs_transfer_fail(struct rs_transfer *transfer);

enum rs_transfer_verdict rs_transfer_outcome(const struct rs_transfer *transfer);

#ifdef __cplusplus
}
#endif
#endif
