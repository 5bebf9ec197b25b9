// SourceIndex: a line index in use: mapped from the cache, or built first; addresses to functions
// and source lines as text.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/lines/index.hh"
#include "core/lines/text.hh"
#include "user/base/failure.hh"
#include "user/base/mapped_file.hh"
#include "user/lines/index_builder.hh"

namespace ringside::lines {

// One level of an address: the function and the line in it that runs there. Text is the index's.
struct SourceFrame {
  std::string_view function;  // empty where the debug information names none (assembler)
  std::string_view file;      // as the compiler wrote it; in_tree() makes it shorter
  std::uint32_t line = 0;     // 0: unknown
};

// Names of an index as text, each decoded once. Thread-safe, without a lock. Costs memory where
// names are asked for: one report asks for few of a hundred thousand.
class NameMemo {
 public:
  explicit NameMemo(std::uint32_t count) : pages_(count / kPage + 1) {}
  ~NameMemo();
  // Name number `n`, which `decode` gives where it is not here yet.
  template <class Decode>
  std::string_view get(std::uint32_t n, Decode decode) const {
    const auto* page = pages_[n / kPage].load(std::memory_order_acquire);
    const auto* known = page ? (*page)[n % kPage].load(std::memory_order_acquire) : nullptr;
    return known ? *known : keep(n, decode());
  }

 private:
  static constexpr std::uint32_t kPage = 256;
  using Page = std::array<std::atomic<const std::string*>, kPage>;
  std::string_view keep(std::uint32_t n, std::string_view name) const;

  mutable std::vector<std::atomic<Page*>> pages_;
};

class SourceIndex {
 public:
  // The index in the cache for this build-id (lower-case hex), built by whoever had the debug file;
  // no value where there is none, or only a damaged one.
  static std::optional<SourceIndex> cached(const std::string& build_id);
  // The index of the debug file: from the cache, else built, and put there if the file has a
  // build-id. Where the cache cannot be written, it is built in memory.
  static Outcome<SourceIndex> of(const DebugFile& file, const Progress& progress = {});
  // An index as build_index_file() wrote it.
  static Outcome<SourceIndex> open(const std::filesystem::path& index);

  const LineIndex& index() const { return *index_; }
  std::string build_id() const;

  // The frames at a link-time address, innermost first; none where there is no code that the debug
  // information knows. Views are good as long as the index. Thread-safe.
  std::vector<SourceFrame> find(std::uint64_t address) const;
  // The same for an offset in a section of a module.
  std::vector<SourceFrame> find(std::string_view section, std::uint64_t offset) const;

 private:
  SourceIndex() = default;

  std::unique_ptr<MappedFile> file_;
  std::unique_ptr<LineIndex> index_;
  std::unique_ptr<NameMemo> functions_, paths_;
};

}  // namespace ringside::lines
