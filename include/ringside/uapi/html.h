/* SPDX-License-Identifier: LGPL-2.1-or-later WITH Linux-syscall-note */
/*
 * /dev/ringside-html: text out of HTML in the kernel.
 *
 * An open of the device is one stripper. RS_HTML_IOC_SOURCE hands it an open descriptor, once; then
 * read(2) gives the text, and 0 at its end. What the descriptor is open for is all the right that
 * is asked for: the device adds none. The source may be anything that can be read but a socket, a
 * directory, or a device of this kind. Its own position is neither used nor moved.
 *
 * The structure begins with its own size and the ABI's version, both set by the caller. The kernel
 * refuses another size or version, unknown flags and non-zero reserved bytes with EINVAL.
 */
#ifndef RINGSIDE_UAPI_HTML_H
#define RINGSIDE_UAPI_HTML_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define RS_HTML_DEVICE "/dev/ringside-html"
#define RS_HTML_VERSION 1

#define RS_HTML_RAW 1u       /* the tokenizer's characters; without: laid out for people */
#define RS_HTML_PORTABLE 2u  /* index without SIMD, for measurements */
#define RS_HTML_FLAGS 3u     /* all that are known */

/* EBADF: not open, or not for reading. EINVAL: it cannot be a source. EBUSY: it has one. */
struct rs_html_source {
	__u32 size;
	__u32 version;
	__s32 fd;
	__u32 flags;
	__u64 offset;      /* where to begin; for what has positions */
	__u64 reserved;
};

/* What the stripper has done since the source was handed over. */
struct rs_html_status {
	__u32 size;
	__u32 version;
	__u64 input_bytes;
	__u64 text_bytes;  /* made, not all of them read perhaps */
	__u64 core_ns;     /* in the core, by the kernel's monotonic clock */
	__u64 fpu_ns;      /* of that, getting the FPU and giving it back */
	__u64 slices;
	__u64 reserved;
};

/* Reads the first `bytes` of `fd` `rounds` times by kernel_read(), to measure what that costs. Any
 * open device will do. E2BIG: beyond the limits. EINTR: killed. */
struct rs_html_read {
	__u32 size;
	__u32 version;
	__s32 fd;
	__u32 rounds;      /* at most RS_HTML_ROUNDS_MAX */
	__u64 bytes;       /* at most RS_HTML_READ_MAX */
	__u64 elapsed_ns;  /* out: all rounds */
	__u64 reserved;
};
#define RS_HTML_ROUNDS_MAX 4096u
#define RS_HTML_READ_MAX (1u << 20)

#define RS_HTML_IOC_SOURCE _IOWR('R', 0x90, struct rs_html_source)
#define RS_HTML_IOC_STATUS _IOWR('R', 0x91, struct rs_html_status)
#define RS_HTML_IOC_READ _IOWR('R', 0x92, struct rs_html_read)

#endif
