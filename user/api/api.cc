// The C API over user/kimage and user/ksyms. Every call that can allocate runs inside guarded().
#include <type_traits>

#include "core/x86/addresses.hh"
#include "user/api/guard.hh"
#include "user/kimage/image.hh"
#include "user/ksyms/symbols.hh"

struct ringside_image {
  ringside::kimage::Image image;
};

struct ringside_symbols {
  ringside::ksyms::Symbols symbols;
};

struct ringside_exports {
  ringside::kimage::Image image;  // owns what `exports` borrows
  ringside::kimage::Exports exports;
};

namespace ringside {
namespace {

using api::copy_text;
using api::fail;
using api::guarded;
using api::is_sized;
using api::kNoSize;
using api::kNullPointer;
using ksyms::Match;
using ksyms::NameCursor;
using ksyms::Scratch;

static_assert(int{RINGSIDE_YES} == kYes && int{RINGSIDE_NO} == kNo &&
              int{RINGSIDE_UNKNOWN} == kUnknown && int{RINGSIDE_USAGE} == kUsage);
// The ABI: these never change, later members come behind them.
static_assert(sizeof(ringside_error) == 512 && sizeof(ringside_symbol) == 552 &&
              sizeof(ringside_export) == 40 && sizeof(ringside_name_cursor) == 64);
static_assert(ksyms::kMaxName < RINGSIDE_NAME_SIZE);
static_assert(sizeof(NameCursor) <= sizeof(ringside_name_cursor) &&
              std::is_trivially_copyable_v<NameCursor>);

// Link addresses from here on move with the kernel; per-CPU offsets below do not.

int give(const std::optional<Match>& match, std::uint64_t offset, ringside_symbol& symbol) {
  if (!match) return kNo;
  symbol.index = match->index;
  symbol.address = match->address + (match->address >= kKernelBase ? offset : 0);
  symbol.size = match->size;
  symbol.distance = 0;
  symbol.type = match->type;
  copy_text(match->name, symbol.name, sizeof(symbol.name));
  return kYes;
}

NameCursor load_cursor(const ringside_name_cursor& from) {
  NameCursor cursor;
  std::memcpy(static_cast<void*>(&cursor), from.opaque, sizeof(cursor));
  return cursor;
}

void store_cursor(const NameCursor& cursor, ringside_name_cursor& to) {
  std::memcpy(to.opaque, &cursor, sizeof(cursor));
}

}  // namespace
}  // namespace ringside

using namespace ringside;  // NOLINT: what follows has C linkage

extern "C" {

uint32_t ringside_api_version(void) {
  return RINGSIDE_API_VERSION;
}

int ringside_image_open(const char* file, ringside_image** image, ringside_error* error) {
  if (image) *image = nullptr;
  if (!file || !image) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    auto opened = TRY(kimage::Image::open(file));
    *image = new ringside_image{std::move(opened)};
    return int{kYes};
  });
}

void ringside_image_close(ringside_image* image) {
  delete image;
}

const char* ringside_image_release(const ringside_image* image) {
  return image ? image->image.release().c_str() : "";
}

const char* ringside_image_build_id(const ringside_image* image) {
  return image ? image->image.build_id().c_str() : "";
}

int ringside_symbols_open(const ringside_image* image, ringside_symbols** symbols,
                          ringside_error* error) {
  if (symbols) *symbols = nullptr;
  if (!image || !symbols) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    auto opened = TRY(ksyms::Symbols::open(image->image));
    *symbols = new ringside_symbols{std::move(opened)};
    return int{kYes};
  });
}

int ringside_symbols_open_running(ringside_symbols** symbols, ringside_error* error) {
  if (symbols) *symbols = nullptr;
  if (!symbols) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    auto opened = TRY(ksyms::Symbols::open_running());
    *symbols = new ringside_symbols{std::move(opened)};
    return int{kYes};
  });
}

void ringside_symbols_close(ringside_symbols* symbols) {
  delete symbols;
}

uint32_t ringside_symbols_count(const ringside_symbols* symbols) {
  return symbols ? symbols->symbols.table().size() : 0;
}

int ringside_symbols_at(const ringside_symbols* symbols, uint32_t index, uint64_t offset,
                        ringside_symbol* symbol) {
  if (!symbols || !symbol || !is_sized(*symbol)) return kUsage;
  Scratch scratch;
  return give(symbols->symbols.table().at(index, scratch), offset, *symbol);
}

int ringside_find_address(const ringside_symbols* symbols, uint64_t address, uint64_t offset,
                          ringside_symbol* symbol) {
  if (!symbols || !symbol || !is_sized(*symbol)) return kUsage;
  Scratch scratch;
  int status = give(symbols->symbols.table().find(address - offset, scratch), offset, *symbol);
  if (status == kYes) symbol->distance = address - symbol->address;
  return status;
}

int ringside_find_name(const ringside_symbols* symbols, const char* name,
                       ringside_name_cursor* cursor) {
  if (!symbols || !name || !cursor) return kUsage;
  store_cursor(symbols->symbols.table().names(name), *cursor);
  return kYes;
}

int ringside_next_named(const ringside_symbols* symbols, ringside_name_cursor* cursor,
                        uint64_t offset, ringside_symbol* symbol) {
  if (!symbols || !cursor || !symbol || !is_sized(*symbol)) return kUsage;
  Scratch scratch;
  auto state = load_cursor(*cursor);
  int status = give(symbols->symbols.table().next(state, scratch), offset, *symbol);
  store_cursor(state, *cursor);
  return status;
}

int ringside_running_offset(const ringside_symbols* symbols, uint64_t* offset,
                            ringside_error* error) {
  if (!symbols || !offset) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    const auto& table = symbols->symbols.table();
    auto running = TRY(kimage::running_build_id());
    if (running != kimage::to_hex(table.build_id()))
      return Failure{
          "the symbols are of another kernel than the one that runs, whose build-id is " + running};
    *offset = TRY(ksyms::running_offset(table));
    return int{kYes};
  });
}

int ringside_exports_open(const ringside_image* image, ringside_exports** exports,
                          ringside_error* error) {
  if (exports) *exports = nullptr;
  if (!image || !exports) return fail(kUsage, kNullPointer, error);
  return guarded(error, [&]() -> Outcome<int> {
    auto opened = TRY(image->image.exports());
    *exports = new ringside_exports{image->image, std::move(opened)};
    return int{kYes};
  });
}

void ringside_exports_close(ringside_exports* exports) {
  delete exports;
}

uint32_t ringside_exports_count(const ringside_exports* exports) {
  return exports ? exports->exports.size() : 0;
}

int ringside_exports_at(const ringside_exports* exports, uint32_t index, ringside_export* result,
                        ringside_error* error) {
  if (!exports || !result) return fail(kUsage, kNullPointer, error);
  if (!is_sized(*result)) return fail(kUsage, kNoSize, error);
  if (index >= exports->exports.size()) return kNo;
  return guarded(error, [&]() -> Outcome<int> {
    auto entry = exports->exports.at(index);
    if (!entry) return Failure{describe(entry.error(), exports->image.source())};
    result->crc = entry->crc;
    result->address = entry->address;
    // The image ends every string with a NUL, or at() had refused it.
    result->name = entry->name.data();
    result->name_space = entry->name_space.empty() ? "" : entry->name_space.data();
    result->has_crc = entry->has_crc;
    result->gpl_only = entry->gpl_only;
    return int{kYes};
  });
}

}  // extern "C"
