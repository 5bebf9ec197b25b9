/*
 * libringside's C API: what a Linux kernel image says, from the image alone. Open an image
 * (bzImage or vmlinux, x86-64, Linux 5.10 or later), ask for its release and build-id, its exports,
 * and its symbols by address, by name or one by one.
 *
 * Conventions
 * - Functions that can fail return an int: RINGSIDE_YES (done, found), RINGSIDE_NO (no such thing;
 *   not an error), RINGSIDE_UNKNOWN (the input is missing, unreadable or malformed) or
 *   RINGSIDE_USAGE (the call is wrong: a null pointer, a struct_size that was not set). They fill
 *   `error` on the last two; `error` may be NULL. Nothing is ever printed, thrown or aborted.
 * - A handle is what an open function made: give it to its close function, once. Closing NULL does
 *   nothing. Handles do not depend on each other: an image may be closed before its symbols.
 * - There is no global state. A handle never changes after it was opened, so any number of threads
 *   may use one at once; only closing must not race with use.
 * - A struct that the library fills begins with struct_size, which the caller sets (the *_INIT
 *   macros do): later versions only append members, and never write beyond struct_size.
 * - Addresses are 64-bit kernel addresses. `offset` is how many bytes the kernel ran above its link
 *   address (KASLR: "Kernel Offset" in an oops, ringside_running_offset()); 0 for link-time ones.
 *
 * Opening keeps what it computed in the cache (XDG_CACHE_HOME/ringside, or ~/.cache/ringside),
 * keyed by build-id; it may be deleted at any time. The first opening of a bzImage takes about a
 * second, later ones milliseconds.
 */
#ifndef RINGSIDE_RINGSIDE_H
#define RINGSIDE_RINGSIDE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RINGSIDE_API __attribute__((visibility("default")))

/* The version of this header: counts up with every addition. ringside_api_version() is the
 * library's; a program needs a library whose version is the same or greater. */
#define RINGSIDE_API_VERSION 1

/* As the exit statuses of the commands (ringside/exit_status.hh). */
enum ringside_status {
  RINGSIDE_YES = 0,
  RINGSIDE_NO = 1,
  RINGSIDE_UNKNOWN = 2,
  RINGSIDE_USAGE = 64
};

#define RINGSIDE_MESSAGE_SIZE 504
#define RINGSIDE_NAME_SIZE 519

/* Why a call failed. */
struct ringside_error {
  uint32_t struct_size;
  int32_t status;                      /* what the call returned */
  char message[RINGSIDE_MESSAGE_SIZE]; /* one line for a person, NUL-terminated, cut if longer */
};
#define RINGSIDE_ERROR_INIT { sizeof(struct ringside_error), 0, "" }

/* A symbol, as kallsyms has it. */
struct ringside_symbol {
  uint32_t struct_size;
  uint32_t index;                /* in the order of addresses, from 0 */
  uint64_t address;              /* where it begins, `offset` added */
  uint64_t size;                 /* bytes to the next symbol that has another address */
  uint64_t distance;             /* bytes from `address` to what was asked for; 0 otherwise */
  char type;                     /* nm's letter: 'T' and 't' are code */
  char name[RINGSIDE_NAME_SIZE]; /* NUL-terminated */
};
#define RINGSIDE_SYMBOL_INIT { sizeof(struct ringside_symbol), 0, 0, 0, 0, 0, "" }

/* What vmlinux exports to modules. The strings belong to the ringside_exports. */
struct ringside_export {
  uint32_t struct_size;
  uint32_t crc;           /* of its prototype (modversions), where has_crc */
  uint64_t address;       /* as linked */
  const char *name;
  const char *name_space; /* "" where it is in none */
  uint8_t has_crc;
  uint8_t gpl_only;
  uint8_t zero[6];
};
#define RINGSIDE_EXPORT_INIT { sizeof(struct ringside_export), 0, 0, NULL, NULL, 0, 0, { 0 } }

/* The state of one walk over the symbols of a name: the caller's memory, nothing to close. */
struct ringside_name_cursor {
  uint64_t opaque[8];
};

struct ringside_image;
struct ringside_symbols;
struct ringside_exports;

RINGSIDE_API uint32_t ringside_api_version(void);

/* Opens the kernel image `file`. On RINGSIDE_YES *image is a new handle, otherwise NULL. */
RINGSIDE_API int ringside_image_open(const char *file, struct ringside_image **image,
                                     struct ringside_error *error);
RINGSIDE_API void ringside_image_close(struct ringside_image *image);

/* uname -r, and the build-id in lower-case hex. The strings belong to the image. */
RINGSIDE_API const char *ringside_image_release(const struct ringside_image *image);
RINGSIDE_API const char *ringside_image_build_id(const struct ringside_image *image);

/* All symbols of the image. */
RINGSIDE_API int ringside_symbols_open(const struct ringside_image *image,
                                       struct ringside_symbols **symbols,
                                       struct ringside_error *error);

/* All symbols of the kernel that runs here, without its image: from /proc/kallsyms, which shows
 * addresses to root only. Addresses are those of an image: ringside_running_offset() applies. */
RINGSIDE_API int ringside_symbols_open_running(struct ringside_symbols **symbols,
                                               struct ringside_error *error);
RINGSIDE_API void ringside_symbols_close(struct ringside_symbols *symbols);
RINGSIDE_API uint32_t ringside_symbols_count(const struct ringside_symbols *symbols);

/* Symbol `index` in the order of addresses; RINGSIDE_NO from the count on. */
RINGSIDE_API int ringside_symbols_at(const struct ringside_symbols *symbols, uint32_t index,
                                     uint64_t offset, struct ringside_symbol *symbol);

/* The symbol that covers the run-time `address`, as the kernel's own kallsyms decides; RINGSIDE_NO
 * outside the kernel. Of a return address ask for address - 1: it may lie behind its function. */
RINGSIDE_API int ringside_find_address(const struct ringside_symbols *symbols, uint64_t address,
                                       uint64_t offset, struct ringside_symbol *symbol);

/* All symbols of one name, in the order of addresses:
 *
 *   ringside_find_name(symbols, name, &cursor);
 *   while (ringside_next_named(symbols, &cursor, offset, &symbol) == RINGSIDE_YES) ...
 *
 * The cursor borrows `name` and may only be used with the same `symbols`. */
RINGSIDE_API int ringside_find_name(const struct ringside_symbols *symbols, const char *name,
                                    struct ringside_name_cursor *cursor);
RINGSIDE_API int ringside_next_named(const struct ringside_symbols *symbols,
                                     struct ringside_name_cursor *cursor, uint64_t offset,
                                     struct ringside_symbol *symbol);

/* The offset at which the kernel of this machine runs, which must be the one of `symbols`; told by
 * /proc/kallsyms, which shows addresses to root only. */
RINGSIDE_API int ringside_running_offset(const struct ringside_symbols *symbols, uint64_t *offset,
                                         struct ringside_error *error);

/* All exports of the image, those for everybody first, then the GPL-only ones. */
RINGSIDE_API int ringside_exports_open(const struct ringside_image *image,
                                       struct ringside_exports **exports,
                                       struct ringside_error *error);
RINGSIDE_API void ringside_exports_close(struct ringside_exports *exports);
RINGSIDE_API uint32_t ringside_exports_count(const struct ringside_exports *exports);

/* Export `index`; RINGSIDE_NO from the count on, RINGSIDE_UNKNOWN where its entry is damaged. */
RINGSIDE_API int ringside_exports_at(const struct ringside_exports *exports, uint32_t index,
                                     struct ringside_export *result, struct ringside_error *error);

#ifdef __cplusplus
}
#endif

#endif
