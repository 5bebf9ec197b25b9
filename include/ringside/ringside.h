/*
 * libringside's C API: what a Linux kernel image says, from the image alone, the module linker, and
 * channels between a process and the kernel.
 * Open an image (bzImage or vmlinux, x86-64, Linux 5.10 or later), ask for its release and
 * build-id, its exports, and its symbols by address, by name or one by one. Open a kernel's modules
 * (6.1 and 6.12), ask for all that keeps one from being loaded there, and link it at any addresses.
 *
 * Conventions
 * - Functions that can fail return an int: RINGSIDE_YES (done, found), RINGSIDE_NO (no such thing;
 *   not an error), RINGSIDE_UNKNOWN (the input is missing, unreadable or malformed) or
 *   RINGSIDE_USAGE (the call is wrong: a null pointer, a struct_size that was not set). They fill
 *   `error` on the last two, and on RINGSIDE_NO where that is said; `error` may be NULL. Nothing is
 *   ever printed, thrown or aborted.
 * - A handle is what an open function made: give it to its close function, once. Closing NULL does
 *   nothing. Handles do not depend on each other: an image may be closed before its symbols.
 * - There is no global state. A handle never changes after it was opened, so any number of threads
 *   may use one at once; only closing must not race with use. A ringside_modules, with what was
 *   opened from it, and a ringside_channel are the exceptions: one thread at a time, and one handle
 *   a thread where there are several.
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
#define RINGSIDE_API_VERSION 3

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

/* ---- Modules (since version 2) ----------------------------------------------------------------
 *
 * MODULE, below, is a path where it holds a '/', and else the name of a module of the kernel's tree
 * ("ext4"). Files may be packed by gzip, xz or zstd.
 */

/* What the kernel does about a reason. */
enum ringside_severity {
  RINGSIDE_REFUSED = 0,     /* it refuses the module */
  RINGSIDE_UNSAFE = 1,      /* it does not look, and breaks: Ringside refuses the module */
  RINGSIDE_UNSUPPORTED = 2, /* it may load the module; Ringside cannot tell */
  RINGSIDE_TAINTS = 3,      /* it loads the module, and taints itself */
  RINGSIDE_NOTE = 4         /* it does not mind */
};

/* One thing to know about a module. The strings, "" where there is nothing to say, belong to the
 * ringside_verdict. `fault` never changes between versions ("crc-mismatch"; docs/modules.md has a
 * list), the others are words for a person. */
struct ringside_reason {
  uint32_t struct_size;
  uint32_t severity; /* enum ringside_severity */
  const char *fault, *what, *where, *expected, *found, *advice;
};
#define RINGSIDE_REASON_INIT \
  { sizeof(struct ringside_reason), 0, NULL, NULL, NULL, NULL, NULL, NULL }

/* What a module is to a kernel. `name` belongs to the ringside_verdict. */
struct ringside_module {
  uint32_t struct_size;
  uint32_t taints;       /* bits of the kernel's taint mask that loading it sets */
  uint64_t core_bytes;   /* that it takes as long as it is loaded, whole pages: coresize in sysfs */
  uint64_t init_bytes;   /* besides, until it is initialised */
  uint64_t percpu_bytes; /* for each CPU */
  const char *name;      /* what the kernel calls it; "" where the file is no module */
  uint8_t is_signed;     /* there is a signature; the reasons say what is wrong with it */
  uint8_t zero[7];
};
#define RINGSIDE_MODULE_INIT { sizeof(struct ringside_module), 0, 0, 0, 0, NULL, 0, { 0 } }

/* One piece of memory of a linked module. `name` and `bytes` belong to the ringside_link (`bytes`
 * to whoever gave the memory); `bytes` is NULL before ringside_link_finish(). */
struct ringside_region {
  uint32_t struct_size;
  uint8_t is_init; /* freed once the module is initialised */
  uint8_t zero[3];
  uint64_t size; /* bytes: what the kernel allocates */
  uint64_t address;
  const char *name; /* "core", "init" on 6.1; "text", "data" ... on 6.12; "percpu" */
  const void *bytes;
};
#define RINGSIDE_REGION_INIT { sizeof(struct ringside_region), 0, { 0 }, 0, 0, NULL, NULL }

/* A section or a symbol and where it is. `name` belongs to the ringside_link. */
struct ringside_place {
  uint32_t struct_size;
  uint32_t relocations; /* of a section; 0 of a symbol */
  uint64_t address, size;
  const char *name;
};
#define RINGSIDE_PLACE_INIT { sizeof(struct ringside_place), 0, 0, 0, NULL }

/* A symbol that a module takes from elsewhere. The strings belong to the ringside_link. */
struct ringside_need {
  uint32_t struct_size;
  uint8_t has_address; /* it is known where the symbol is */
  uint8_t is_weak;     /* the module can do without */
  uint8_t is_gpl_only;
  uint8_t zero;
  uint64_t address;
  const char *name;
  const char *provider; /* "vmlinux", a module's name, or "" where nobody has it */
};
#define RINGSIDE_NEED_INIT { sizeof(struct ringside_need), 0, 0, 0, 0, 0, NULL, NULL }

struct ringside_modules;
struct ringside_verdict;
struct ringside_link;

/* What modules are checked and linked against: the kernel in the file `image`, and the modules in
 * the folder `tree` (/lib/modules/RELEASE; NULL for none). On RINGSIDE_YES *modules is new. */
RINGSIDE_API int ringside_modules_open(const char *image, const char *tree,
                                       struct ringside_modules **modules,
                                       struct ringside_error *error);
RINGSIDE_API void ringside_modules_close(struct ringside_modules *modules);

/* Lets the modules that are checked from now on take symbols from the one in `file`, which stands
 * in the place of one of its name in the tree. */
RINGSIDE_API int ringside_modules_provide(struct ringside_modules *modules, const char *file,
                                          struct ringside_error *error);

/* Lets modules have functions of the kernel that are not exported, from now on: those whose types,
 * as the module says it was compiled against them, are the kernel's own, and only where the licence
 * is compatible with the GPL. */
RINGSIDE_API int ringside_modules_allow_unexported(struct ringside_modules *modules);

/* Judges a module and all that it needs. RINGSIDE_YES says that there is a verdict, not that it is
 * a good one: a file that is missing or broken is a verdict as well. */
RINGSIDE_API int ringside_modules_check(struct ringside_modules *modules, const char *module,
                                        struct ringside_verdict **verdict,
                                        struct ringside_error *error);
RINGSIDE_API void ringside_verdict_close(struct ringside_verdict *verdict);

/* Will it load? RINGSIDE_YES, RINGSIDE_NO, RINGSIDE_UNKNOWN: could not tell. */
RINGSIDE_API int ringside_verdict_answer(const struct ringside_verdict *verdict);
RINGSIDE_API int ringside_verdict_module(const struct ringside_verdict *verdict,
                                         struct ringside_module *module);

/* All reasons at once, notes and taints too; RINGSIDE_NO from the count on. */
RINGSIDE_API uint32_t ringside_verdict_reasons(const struct ringside_verdict *verdict);
RINGSIDE_API int ringside_verdict_reason(const struct ringside_verdict *verdict, uint32_t index,
                                         struct ringside_reason *reason);

/* The names of all modules that it needs, directly or not, in an order that loads; NULL from the
 * count on. They belong to the verdict. */
RINGSIDE_API uint32_t ringside_verdict_needs(const struct ringside_verdict *verdict);
RINGSIDE_API const char *ringside_verdict_need(const struct ringside_verdict *verdict,
                                               uint32_t index);

/* Begins to link a module: lays it out as the kernel does, for one that runs `offset` bytes above
 * its link address. RINGSIDE_NO, with the first reason in `error`, where the module is refused. The
 * regions get memory of the library's and addresses in the module area, one behind the other and
 * behind those of modules that were linked from the same handle before. */
RINGSIDE_API int ringside_link_open(struct ringside_modules *modules, const char *module,
                                    uint64_t offset, struct ringside_link **link,
                                    struct ringside_error *error);
RINGSIDE_API void ringside_link_close(struct ringside_link *link);

/* The regions that the module has; RINGSIDE_NO from the count on. */
RINGSIDE_API uint32_t ringside_link_regions(const struct ringside_link *link);
RINGSIDE_API int ringside_link_region(const struct ringside_link *link, uint32_t index,
                                      struct ringside_region *region);

/* Gives region `index` another address, and unless `memory` is NULL the caller's memory, `size`
 * bytes of it, which must live as long as the link; RINGSIDE_USAGE where that is too small, and
 * after ringside_link_finish(). */
RINGSIDE_API int ringside_link_place(struct ringside_link *link, uint32_t index, uint64_t address,
                                     void *memory, uint64_t size);

/* Binds and relocates: the regions hold what they do in a kernel right after apply_relocations().
 * What the module needs from other modules must have been linked from the same handle first.
 * RINGSIDE_NO, with the first reason in `error`, where the module is refused or that is not so. */
RINGSIDE_API int ringside_link_finish(struct ringside_link *link, struct ringside_error *error);

/* The map of a finished link: sections in memory, and the symbols in them, in the file's order;
 * RINGSIDE_NO from the count on. */
RINGSIDE_API uint32_t ringside_link_sections(const struct ringside_link *link);
RINGSIDE_API int ringside_link_section(const struct ringside_link *link, uint32_t index,
                                       struct ringside_place *section);
RINGSIDE_API uint32_t ringside_link_symbols(const struct ringside_link *link);
RINGSIDE_API int ringside_link_symbol(const struct ringside_link *link, uint32_t index,
                                      struct ringside_place *symbol);

/* What the module needs; RINGSIDE_NO from the count on. ringside_link_bind() says where need
 * `index` is in a kernel that runs, in place of where the image or a linked module has it;
 * RINGSIDE_NO where nobody has the symbol, or nobody exports it and that was not allowed. */
RINGSIDE_API uint32_t ringside_link_needs(const struct ringside_link *link);
RINGSIDE_API int ringside_link_need(const struct ringside_link *link, uint32_t index,
                                    struct ringside_need *need);
RINGSIDE_API int ringside_link_bind(struct ringside_link *link, uint32_t index, uint64_t address);

/* The file edited so that a kernel loads it without looking for symbols: all that are known are
 * absolute, but for one a module that provides some, by which the kernel counts the reference; the
 * signature, which would no longer hold, is left off. *size is in bytes, of `out` before and of the
 * edited file after the call; with `out` NULL it is only told. RINGSIDE_NO as for
 * ringside_link_finish(), which need not have been called. */
RINGSIDE_API int ringside_link_edit(struct ringside_link *link, void *out, uint64_t *size,
                                    struct ringside_error *error);

/* ---- Channels (since version 3) ---------------------------------------------------------------
 *
 * A channel is one way between this process and ringside_channels.ko, which must be loaded; the
 * names ("ioctl", "ring"), and what each can do, are in `ringside channel list` and in
 * docs/channels.md. A call for what a channel cannot do, or with more bytes than it carries, is
 * RINGSIDE_USAGE, with the reason in `error`. Sizes are bytes of payload, times microseconds.
 */

/* Which messages of a stream are lost, and counted, where the kernel sends more than is taken. */
enum ringside_loss { RINGSIDE_LOSS_NONE = 0, RINGSIDE_LOSS_NEWEST = 1, RINGSIDE_LOSS_OLDEST = 2 };

struct ringside_ability {
  uint32_t struct_size;
  uint32_t loss;  /* enum ringside_loss */
  uint64_t most;  /* bytes of the largest payload */
  uint32_t batch; /* messages that one system call moves at most, to user space or from it */
  uint8_t echo;   /* ringside_channel_call() */
  uint8_t stream; /* ringside_channel_receive() */
  uint8_t sink;   /* ringside_channel_send() */
  uint8_t notify; /* ringside_channel_notify(), ringside_channel_wait() */
};
#define RINGSIDE_ABILITY_INIT { sizeof(struct ringside_ability), 0, 0, 0, 0, 0, 0, 0 }

struct ringside_event {
  uint32_t struct_size;
  uint32_t zero;
  uint64_t sequence;  /* from 0 */
  uint64_t signal_ns; /* when the kernel sent it, by the monotonic clock; 0 where it is not told */
};
#define RINGSIDE_EVENT_INIT { sizeof(struct ringside_event), 0, 0, 0 }

struct ringside_channel;

/* Opens the channel of that name: a client of its own. RINGSIDE_USAGE where none is named so,
 * RINGSIDE_UNKNOWN where the module is not loaded, or may not be used. */
RINGSIDE_API int ringside_channel_open(const char *name, struct ringside_channel **channel,
                                       struct ringside_error *error);
RINGSIDE_API void ringside_channel_close(struct ringside_channel *channel);
RINGSIDE_API int ringside_channel_ability(const struct ringside_channel *channel,
                                          struct ringside_ability *ability);

/* Sends a request and waits for its reply, which is as long; *reply_size is in bytes, of `reply`
 * before and of the reply after the call. RINGSIDE_USAGE, and nothing is sent, where that is
 * less. */
RINGSIDE_API int ringside_channel_call(struct ringside_channel *channel, const void *request,
                                       uint64_t size, void *reply, uint64_t *reply_size,
                                       struct ringside_error *error);

/* Sends a message; those that were sent have arrived once ringside_channel_flush() is back. */
RINGSIDE_API int ringside_channel_send(struct ringside_channel *channel, const void *payload,
                                       uint64_t size, struct ringside_error *error);
RINGSIDE_API int ringside_channel_flush(struct ringside_channel *channel,
                                        struct ringside_error *error);

/* Has the kernel stream payloads of `size` bytes (0 before). Both sides number from 0 anew. */
RINGSIDE_API int ringside_channel_setup(struct ringside_channel *channel, uint32_t size,
                                        struct ringside_error *error);

/* The next message of the stream: its number to *sequence, unless that is NULL, and its payload;
 * *size is in bytes, of `payload` before and of the message after the call. Where that is more, the
 * call is RINGSIDE_USAGE, and the message stays the next. */
RINGSIDE_API int ringside_channel_receive(struct ringside_channel *channel, void *payload,
                                          uint64_t *size, uint64_t *sequence,
                                          struct ringside_error *error);

/* Has the kernel send an event after `delay`, ten seconds at most. */
RINGSIDE_API int ringside_channel_notify(struct ringside_channel *channel, uint32_t delay,
                                         struct ringside_error *error);

/* Sleeps until an event is there; RINGSIDE_NO where none came within `timeout`. */
RINGSIDE_API int ringside_channel_wait(struct ringside_channel *channel, uint32_t timeout,
                                       struct ringside_event *event, struct ringside_error *error);

/* What poll(2) watches for events: a descriptor, the channel's own, and unless `events` is NULL
 * what to wait for (POLLIN, POLLPRI); -1 where there is none. */
RINGSIDE_API int ringside_channel_descriptor(const struct ringside_channel *channel,
                                             int16_t *events);

#ifdef __cplusplus
}
#endif

#endif
