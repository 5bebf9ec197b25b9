// libringside's C++ API: what a Linux kernel image says, from the image alone. A thin, header-only
// face (C++17) of the C API in ringside.h, whose conventions hold: it works with any compiler,
// standard library and flags, because only C crosses the library's boundary. Nothing throws but
// what std::string, std::vector and std::optional throw where memory ends.
//
//   auto image = ringside::Image::open("/boot/vmlinuz");
//   if (!image) return complain(image.error().message);
//   auto symbols = image->symbols();
//   auto symbol = symbols->find(0xffffffff81367170);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ringside/ringside.h"

namespace ringside {
inline namespace v0 {

// Why there is no answer: one line for a person, and a RINGSIDE_* status.
struct Problem {
  std::string message;
  int status = RINGSIDE_UNKNOWN;
};

// A value or a Problem. Test it first: `*` and `->` of a Problem are undefined, error() of a value
// likewise.
template <class T>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : either_(std::move(value)) {}
  Expected(Problem problem) : either_(std::move(problem)) {}

  explicit operator bool() const { return either_.index() == 0; }
  T& operator*() { return *std::get_if<0>(&either_); }
  const T& operator*() const { return *std::get_if<0>(&either_); }
  T* operator->() { return std::get_if<0>(&either_); }
  const T* operator->() const { return std::get_if<0>(&either_); }
  const Problem& error() const { return *std::get_if<1>(&either_); }

 private:
  std::variant<T, Problem> either_;
};

// A symbol, as kallsyms has it.
struct Symbol {
  std::uint64_t address = 0;   // where it begins, at run time
  std::uint64_t size = 0;      // bytes to the next symbol that has another address
  std::uint64_t distance = 0;  // bytes from `address` to what was asked for
  std::uint32_t index = 0;     // in the order of addresses
  char type = 0;               // nm's letter
  std::string name;
};

struct Export {
  std::string name, name_space;      // name_space is empty where it is in none
  std::uint64_t address = 0;         // as linked
  std::optional<std::uint32_t> crc;  // none in a kernel without modversions
  bool gpl_only = false;
};

namespace detail {

struct Closer {
  void operator()(ringside_symbols* handle) const { ringside_symbols_close(handle); }
  void operator()(ringside_exports* handle) const { ringside_exports_close(handle); }
  void operator()(ringside_image* handle) const { ringside_image_close(handle); }
};
template <class Handle>
using Owned = std::unique_ptr<Handle, Closer>;

// Calls `open(&handle, &error)`, one of the C API's open functions with its input bound.
template <class T, class Handle, class Open>
Expected<T> opened(Open open) {
  Handle* handle = nullptr;
  ringside_error error = RINGSIDE_ERROR_INIT;
  int status = open(&handle, &error);
  if (status != RINGSIDE_YES) return Problem{error.message, status};
  return T(Owned<Handle>(handle));
}

}  // namespace detail

// All symbols of a kernel. `offset` is how far the kernel ran above its link address (KASLR).
class Symbols {
 public:
  explicit Symbols(detail::Owned<ringside_symbols> handle) : handle_(std::move(handle)) {}

  // Those of the kernel that runs here, without its image; root only.
  static Expected<Symbols> open_running() {
    return detail::opened<Symbols, ringside_symbols>(ringside_symbols_open_running);
  }

  std::uint32_t size() const { return ringside_symbols_count(handle_.get()); }

  // Symbol `index` in the order of addresses, or none from size() on.
  std::optional<Symbol> at(std::uint32_t index, std::uint64_t offset = 0) const {
    ringside_symbol found = RINGSIDE_SYMBOL_INIT;
    if (ringside_symbols_at(handle_.get(), index, offset, &found) != RINGSIDE_YES) return {};
    return copy(found);
  }

  // The symbol that covers `address`. Of a return address, ask for address - 1.
  std::optional<Symbol> find(std::uint64_t address, std::uint64_t offset = 0) const {
    ringside_symbol found = RINGSIDE_SYMBOL_INIT;
    if (ringside_find_address(handle_.get(), address, offset, &found) != RINGSIDE_YES) return {};
    return copy(found);
  }

  // All symbols of that name, in the order of addresses; static functions often share one.
  std::vector<Symbol> named(const std::string& name, std::uint64_t offset = 0) const {
    std::vector<Symbol> symbols;
    ringside_symbol found = RINGSIDE_SYMBOL_INIT;
    ringside_name_cursor cursor;
    ringside_find_name(handle_.get(), name.c_str(), &cursor);
    while (ringside_next_named(handle_.get(), &cursor, offset, &found) == RINGSIDE_YES)
      symbols.push_back(copy(found));
    return symbols;
  }

  // The offset at which this machine's kernel runs, which must be the one of these symbols.
  Expected<std::uint64_t> running_offset() const {
    std::uint64_t offset = 0;
    ringside_error error = RINGSIDE_ERROR_INIT;
    int status = ringside_running_offset(handle_.get(), &offset, &error);
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    return offset;
  }

 private:
  static Symbol copy(const ringside_symbol& from) {
    return {from.address, from.size, from.distance, from.index, from.type, from.name};
  }

  detail::Owned<ringside_symbols> handle_;
};

// What vmlinux exports to modules, those for everybody first, then the GPL-only ones.
class Exports {
 public:
  explicit Exports(detail::Owned<ringside_exports> handle) : handle_(std::move(handle)) {}

  std::uint32_t size() const { return ringside_exports_count(handle_.get()); }

  // Export `index`; a Problem from size() on, and where its entry is damaged.
  Expected<Export> at(std::uint32_t index) const {
    ringside_export found = RINGSIDE_EXPORT_INIT;
    ringside_error error = RINGSIDE_ERROR_INIT;
    int status = ringside_exports_at(handle_.get(), index, &found, &error);
    if (status == RINGSIDE_NO) return Problem{"no such export", status};
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    Export result{found.name, found.name_space, found.address, {}, found.gpl_only != 0};
    if (found.has_crc) result.crc = found.crc;
    return result;
  }

 private:
  detail::Owned<ringside_exports> handle_;
};

// One kernel image. What it gives out does not depend on it afterwards.
class Image {
 public:
  explicit Image(detail::Owned<ringside_image> handle) : handle_(std::move(handle)) {}

  // Opens a bzImage or a vmlinux.
  static Expected<Image> open(const std::string& file) {
    return detail::opened<Image, ringside_image>(
        [&](ringside_image** image, ringside_error* error) {
          return ringside_image_open(file.c_str(), image, error);
        });
  }

  std::string release() const { return ringside_image_release(handle_.get()); }    // uname -r
  std::string build_id() const { return ringside_image_build_id(handle_.get()); }  // hex

  Expected<Symbols> symbols() const {
    return detail::opened<Symbols, ringside_symbols>(
        [&](ringside_symbols** symbols, ringside_error* error) {
          return ringside_symbols_open(handle_.get(), symbols, error);
        });
  }
  Expected<Exports> exports() const {
    return detail::opened<Exports, ringside_exports>(
        [&](ringside_exports** exports, ringside_error* error) {
          return ringside_exports_open(handle_.get(), exports, error);
        });
  }

 private:
  detail::Owned<ringside_image> handle_;
};

}  // namespace v0
}  // namespace ringside
