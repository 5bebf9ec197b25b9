// Cursor: reads one value after the other from untrusted bytes. A read past the end gives 0, moves
// to the end and is remembered: a run of reads is checked once, after it, by failed(). A loop that
// ends at at_end() therefore ends.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/bytes.hh"

namespace ringside::dwarf {

class Cursor {
 public:
  Cursor() = default;
  explicit Cursor(Bytes bytes, std::uint64_t at = 0)
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {
    skip(at);
  }

  std::uint64_t at() const { return static_cast<std::uint64_t>(at_ - begin_); }
  bool at_end() const { return at_ == end_; }
  bool failed() const { return failed_; }

  void skip(std::uint64_t size) {
    if (size > left()) return fail();
    at_ += size;
  }
  // Goes to byte `at`, forwards or backwards.
  void seek(std::uint64_t at) {
    if (at > static_cast<std::uint64_t>(end_ - begin_)) return fail();
    at_ = begin_ + at;
  }

  template <class T>
  T fixed() {
    T value{};
    if (sizeof(T) > left()) return fail(), value;
    __builtin_memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  std::uint8_t u8() { return fixed<std::uint8_t>(); }
  std::uint16_t u16() { return fixed<std::uint16_t>(); }
  std::uint32_t u32() { return fixed<std::uint32_t>(); }
  std::uint64_t u64() { return fixed<std::uint64_t>(); }

  // The next `size` bytes, at most 8, as a little-endian number.
  std::uint64_t number(std::uint64_t size) {
    std::uint64_t value = 0;
    if (size > 8 || size > left()) return fail(), value;
    for (std::uint64_t i = 0; i < size; ++i)
      value |= std::to_integer<std::uint64_t>(at_[i]) << 8 * i;
    at_ += size;
    return value;
  }

  // Bits beyond the 64th are dropped, as other readers do.
  std::uint64_t uleb() {
    if (at_ != end_ && std::to_integer<std::uint8_t>(*at_) < 0x80)
      return std::to_integer<std::uint64_t>(*at_++);
    std::uint32_t shift = 0;
    return long_leb(shift);
  }
  std::int64_t sleb() {
    std::uint32_t shift = 0;
    auto value = long_leb(shift);
    if (shift < 64 && (value >> (shift - 1) & 1)) value |= ~std::uint64_t{0} << shift;
    return static_cast<std::int64_t>(value);
  }
  void skip_leb() {
    while (at_ != end_ && std::to_integer<std::uint8_t>(*at_) >= 0x80) ++at_;
    skip(1);
  }

  // The bytes up to the next NUL, which is passed over.
  std::string_view string() {
    auto start = at_;
    while (at_ != end_ && *at_ != std::byte{0}) ++at_;
    std::string_view text(reinterpret_cast<const char*>(start),
                          static_cast<std::size_t>(at_ - start));
    skip(1);
    return text;
  }

 private:
  std::uint64_t left() const { return static_cast<std::uint64_t>(end_ - at_); }
  void fail() {
    failed_ = true;
    at_ = end_;
  }
  std::uint64_t long_leb(std::uint32_t& shift) {
    std::uint64_t value = 0;
    for (;;) {
      auto byte = u8();
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      shift = shift < 64 ? shift + 7 : shift;
      if (byte < 0x80) return value;
    }
  }

  const std::byte *begin_ = nullptr, *at_ = nullptr, *end_ = nullptr;
  bool failed_ = false;
};

}  // namespace ringside::dwarf
