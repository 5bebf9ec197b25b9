// ExportIndex: every export of a kernel and its modules under a hash of its name, in one block of
// bytes that holds no pointer: build it once, keep it in a file, map it anywhere.
//
// Format (little-endian, offsets from the start of the block, 8-byte aligned):
//   Header, then `slots` words of {hash tag, offset of a record}, open addressing, linear probing,
//   half full at most; then providers {offset, length, flags} and their names; then records, each
//   followed by its name and namespace and padded to 8 bytes, so that a look-up touches a slot and
//   a record.
// Records stand in the order in which they were given: the kernel's before modules'. A name has one
// slot; from its first record each leads to the next of that name by another provider, so that no
// module can make look-ups long by repeating itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.hh"
#include "core/modules/bind.hh"

namespace ringside::modules {

struct IndexedExport {
  std::string_view name, name_space;
  std::uint64_t value = 0;  // section 0: the address as linked; else the offset in that section
  std::uint32_t crc = 0;
  std::uint32_t provider = 0;  // index into the providers; 0 is the kernel
  std::uint32_t section = 0;   // of the provider's file; 0 for the kernel's
  bool has_crc = false, gpl_only = false;
  std::uint32_t next = 0;  // for after(); build() does not read it
};

struct IndexedProvider {
  std::string_view name;     // "vmlinux", "ext4"
  bool proprietary = false;  // its licence is not GPL-compatible
};

constexpr std::uint32_t kIndexKeySize = 32;
using IndexKey = std::array<std::byte, kIndexKeySize>;  // what it was built from; the caller's word

class ExportIndex {
 public:
  // Checks the header and that every part lies within `block`; a look-up checks the record it
  // reads. Borrows `block`, which must be 8-byte aligned.
  static Result<ExportIndex> open(Bytes block);

  // Bytes that build() needs for these.
  static std::uint64_t bytes(std::span<const IndexedExport> exports,
                             std::span<const IndexedProvider> providers);
  // Fills `block`, exactly bytes() long. An Error where a name is longer than 64 KiB or a
  // provider does not exist.
  static Result<Nothing> build(std::span<const IndexedExport> exports,
                               std::span<const IndexedProvider> providers, const IndexKey& key,
                               std::span<std::byte> block);

  const IndexKey& key() const { return key_; }
  std::uint32_t size() const { return size_; }
  std::uint32_t provider_count() const { return provider_count_; }
  std::optional<IndexedProvider> provider(std::uint32_t index) const;

  // The first export of that name; `hash` is name_hash(name).
  std::optional<IndexedExport> find(std::string_view name, std::uint64_t hash) const;
  std::optional<IndexedExport> find(std::string_view name) const {
    return find(name, name_hash(name));
  }
  // The next export of the name of `found`, by a provider that comes after its.
  std::optional<IndexedExport> after(const IndexedExport& found) const {
    return found.next == 0 ? std::nullopt : record(found.next);
  }

  // found[i] is the first export for needs[i], or one with an empty name. Much faster than single
  // look-ups: slots and records of a batch are fetched ahead.
  void find_all(std::span<const Need> needs, std::span<IndexedExport> found) const;

  // Walks all exports in the order given: starts at 0, goes on with the returned `next`.
  struct Step {
    IndexedExport entry;
    std::uint64_t next;
  };
  std::optional<Step> step(std::uint64_t at) const;

 private:
  std::optional<IndexedExport> record(std::uint64_t at) const;
  Bytes block_, records_;
  IndexKey key_{};
  std::uint64_t providers_at_ = 0;
  std::uint32_t size_ = 0, slots_ = 0, provider_count_ = 0;
};

}  // namespace ringside::modules
