// Made-up code for line indexes: functions with others inlined into them, in memory of its own,
// and what a look-up must answer.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/dwarf/code.hh"
#include "core/lines/build.hh"
#include "core/lines/index.hh"

namespace ringside::test {

// An index's bytes, 8-byte aligned.
class IndexBytes {
 public:
  explicit IndexBytes(Bytes bytes) : words_((bytes.size() + 7) / 8), size_(bytes.size()) {
    if (size_ != 0) std::memcpy(words_.data(), bytes.data(), size_);
  }
  Bytes bytes() const { return std::as_bytes(std::span(words_)).first(size_); }
  std::byte& operator[](std::size_t at) { return std::as_writable_bytes(std::span(words_))[at]; }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_;
};

class MadeCode {
 public:
  explicit MadeCode(std::size_t size = 64u << 20)
      : memory_(std::make_unique_for_overwrite<std::byte[]>(size)),
        code(std::span(memory_.get(), size)) {}

  std::uint32_t path(const std::string& name) {
    (void)code.paths.push(keep(name));
    return static_cast<std::uint32_t>(code.paths.size()) - 1;
  }
  std::uint32_t function(const std::string& name, std::uint32_t path, std::uint32_t line) {
    (void)code.functions.push({keep(name), path, line});
    return static_cast<std::uint32_t>(code.functions.size()) - 1;
  }
  std::uint32_t scope(const dwarf::Scope& scope) {
    (void)code.scopes.push(scope);
    return static_cast<std::uint32_t>(code.scopes.size()) - 1;
  }
  void segment(std::uint64_t address, std::uint32_t scope, std::uint32_t path, std::uint32_t line) {
    (void)code.segments.push({address, scope, path, line});
  }
  void gap(std::uint64_t address) { (void)code.segments.push({.address = address}); }

  // `functions` functions from `start` on, each with other functions inlined at random.
  void fill(std::uint64_t start, int functions, std::uint32_t seed) {
    state_ = seed;
    std::vector<std::uint32_t> paths, inlined;
    for (int i = 0; i < 8; ++i) paths.push_back(path("fs/file" + std::to_string(i) + ".c"));
    for (int i = 0; i < 40; ++i)
      inlined.push_back(function("inlined_" + std::to_string(i), paths[random(8)], random(3000)));
    auto address = start;
    for (int i = 0; i < functions; ++i) {
      auto own = paths[random(8)];
      auto outer = scope({.function = function("function_" + std::to_string(i), own, 100 + i)});
      std::vector<std::uint32_t> stack = {outer};
      for (auto count = 1 + random(30); count > 0; --count) {
        if (random(3) == 0 && stack.size() < 6)
          stack.push_back(scope({stack.back(), inlined[random(40)], own, random(5000)}));
        else if (random(3) == 0 && stack.size() > 1)
          stack.pop_back();
        segment(address, stack.back(), random(50) == 0 ? dwarf::kNone : paths[random(8)],
                random(70'000));
        address += 1 + random(random(20) == 0 ? 100'000 : 12);
      }
      if (random(4) == 0) gap(address), address += 1 + random(64);
    }
    gap(address);
  }

 private:
  std::string_view keep(const std::string& text) { return names_.emplace_back(text); }
  std::uint32_t random(std::uint32_t below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>((state_ >> 33) % below);
  }

  std::unique_ptr<std::byte[]> memory_;
  std::deque<std::string> names_;
  std::uint64_t state_ = 1;

 public:
  dwarf::Code code;
};

// The index of `codes`; an Error where building failed.
inline Result<IndexBytes> index_of(std::span<const dwarf::Code> codes,
                                   std::span<const lines::NamedSection> sections = {}) {
  constexpr std::size_t kMemory = 256u << 20;
  auto memory = std::make_unique_for_overwrite<std::byte[]>(kMemory);
  Arena arena(std::span(memory.get(), kMemory));
  auto built = lines::build_index(codes, sections, {}, arena);
  if (!built) return built.error();
  return IndexBytes(*built);
}

// Asks all that an index can be asked, a bit everywhere.
inline void exercise(const lines::LineIndex& index) {
  ksyms::Scratch scratch;
  lines::Frames frames;
  for (std::uint32_t block = 0; block < index.blocks() && block < 64; ++block)
    (void)index.check_block(block);
  for (std::uint64_t at = 0; at < 512; ++at) {
    if (!index.find(at * 37, frames)) continue;
    for (std::uint32_t i = 0; i < frames.count; ++i) {
      (void)index.function_name(frames.items[i].function, scratch);
      (void)index.path_name(frames.items[i].path, scratch);
    }
  }
  (void)index.section_address(".text", scratch);
}

}  // namespace ringside::test
