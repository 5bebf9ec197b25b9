// Bytes: bounds-checked little-endian reads from untrusted memory, and checked arithmetic.
// Every count in a file is hostile until one of these has looked at it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "core/base/result.hh"

namespace ringside {

using Bytes = std::span<const std::byte>;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "cores read little-endian files in place");

// True where [at, at + size) lies within a range of `total` bytes; never overflows.
constexpr bool fits(std::uint64_t at, std::uint64_t size, std::uint64_t total) {
  return at <= total && size <= total - at;
}

// `value` rounded up to a multiple of `to`, a power of two; wraps like unsigned arithmetic does.
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) & ~(to - 1);
}

// a * b, or no value where it overflows 64 bits.
constexpr std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// T at byte `at`; the caller has checked fits(at, sizeof(T), bytes.size()). The builtin: under
// -ffreestanding a plain memcpy would be a call.
template <class T>
T load(Bytes bytes, std::uint64_t at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  __builtin_memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

// T at byte `at` of `part`, or an Error that names the part and the offset.
template <class T>
Result<T> read(Bytes bytes, std::uint64_t at, const char* part) {
  if (!fits(at, sizeof(T), bytes.size()))
    return Error{"read past the end", part, at, sizeof(T),
                 at < bytes.size() ? bytes.size() - at : 0};
  return load<T>(bytes, at);
}

// [at, at + size) of `bytes`, or an Error.
inline Result<Bytes> slice(Bytes bytes, std::uint64_t at, std::uint64_t size, const char* part) {
  if (!fits(at, size, bytes.size()))
    return Error{"range past the end", part, at, size, at < bytes.size() ? bytes.size() - at : 0};
  return bytes.subspan(at, size);
}

// The NUL-terminated string at byte `at`, without its NUL, or an Error where it never ends.
inline Result<std::string_view> read_string(Bytes bytes, std::uint64_t at, const char* part) {
  for (std::uint64_t end = at; end < bytes.size(); ++end)
    if (bytes[end] == std::byte{0})
      return std::string_view(reinterpret_cast<const char*>(bytes.data()) + at, end - at);
  return Error{"string does not end", part, at, 0, bytes.size()};
}

// The last byte, which ends a table of strings where it is 0; 0 where there is none.
inline std::uint8_t last_byte(Bytes bytes) {
  return bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes.back());
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace ringside
