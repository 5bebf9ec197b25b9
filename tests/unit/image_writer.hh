// Writers of small kernels: ELF files, bzImages and the tables inside them, made from plain lists,
// so that no test needs a byte of a real kernel. What they write is as the kernel's build does it;
// what is wrong in an input, a test breaks itself.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hh"
#include "core/base/packing.hh"
#include "core/kimage/btf.hh"

namespace ringside::test {

using Buffer = std::vector<std::byte>;

// Appends little-endian values.
class ByteWriter {
 public:
  template <class T>
  void put(T value) {
    auto bytes = std::as_bytes(std::span(&value, 1));
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  void put_bytes(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void put_text(std::string_view text) { put_bytes(as_bytes(text)); }  // without a NUL
  void put_string(std::string_view text) { put_text(text), put('\0'); }
  void align(std::size_t to) { out_.resize(align_up(out_.size(), to)); }
  std::size_t size() const { return out_.size(); }
  Buffer take() { return std::move(out_); }

 private:
  Buffer out_;
};

// Overwrites T at byte `at`.
template <class T>
void poke(Buffer& bytes, std::uint64_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

// The error of `result`, an empty one where it holds a value: a test must not die of the surprise.
template <class T, class E>
E error_of(const Result<T, E>& result) {
  return result ? E{} : result.error();
}

struct SectionSpec {
  std::string name;
  std::uint64_t address = 0;
  Buffer data;
  std::uint32_t type = 1;  // SHT_PROGBITS
  std::uint64_t size = 0;  // of an SHT_NOBITS section
};

constexpr std::uint64_t kSectionHeader = 64;

// An x86-64 ELF file: header, contents, section names (the last section), section header table.
Buffer elf_file(const std::vector<SectionSpec>& sections);

// A kernel that can be loaded and moved: two segments from kLoadBase on, 0x1000 bytes of words that
// count up from 0 and 0x2000 bytes of which the last 0x1000 are .bss, and behind the ELF file the
// lists of relocations, each of addresses.
constexpr std::uint64_t kLoadBase = 0x100'0000;
Buffer loadable_kernel(const std::vector<std::vector<std::uint32_t>>& lists);

// Where elf_file put the header of section `index` (0 is the null section).
std::uint64_t section_header_at(Bytes elf, std::uint32_t index);

// One note: its name is written with a NUL, both parts are padded to 4 bytes.
Buffer note(std::string_view name, std::uint32_t type, Bytes description);

struct SymbolSpec {
  std::uint64_t address;
  char type;
  std::string name;
};

// `count` symbols as a kernel has them: absolute ones, then text and data, rising.
std::vector<SymbolSpec> kernel_symbols(std::size_t count, bool percpu_absolute = true);

enum class KallsymsLayout { kBefore62, kBefore64, kSince64 };  // 6.2 brought the sequences

struct KallsymsSpec {
  KallsymsLayout layout = KallsymsLayout::kBefore64;
  bool percpu_absolute = true;  // CONFIG_KALLSYMS_ABSOLUTE_PERCPU
  std::uint64_t base = 0xffff'ffff'8100'0000;
};

// The tables alone, every label aligned to 8, without a byte before or behind them.
Buffer kallsyms_tables(const std::vector<SymbolSpec>& symbols, const KallsymsSpec& spec = {});

struct ExportSpec {
  std::string name, name_space;
  std::uint64_t address;
  std::uint32_t crc;
  bool gpl_only;
};

// The five sections of an export table from `address` on: the two of entries, the two of CRCs,
// the strings.
std::vector<SectionSpec> export_sections(const std::vector<ExportSpec>& exports,
                                         std::uint64_t address);

struct OrcSpec {
  std::uint64_t ip;
  std::int16_t sp_offset, bp_offset;
  std::uint16_t bits;  // registers, type, flags, as the layout has them
};

// .orc_unwind_ip at `address`, .orc_unwind, and .orc_header where `typed` (since 6.4).
std::vector<SectionSpec> orc_sections(const std::vector<OrcSpec>& entries, std::uint64_t address,
                                      bool typed);

// A .BTF section, type by type; a module's goes on from a kernel's with `base_types` types and
// `base_strings` bytes of strings.
class BtfWriter {
 public:
  BtfWriter() = default;
  BtfWriter(std::uint32_t base_types, std::uint32_t base_strings)
      : count_(base_types), base_strings_(base_strings) {}
  // `words` follow the type: members, parameters, encoding. Returns the id.
  std::uint32_t add(kimage::BtfKind kind, std::string_view name, std::uint32_t size_or_type,
                    std::uint32_t members = 0, std::initializer_list<std::uint32_t> words = {},
                    bool flag = false);
  std::uint32_t string(std::string_view text);  // its offset
  std::uint32_t string_bytes() const { return static_cast<std::uint32_t>(strings_.size()); }
  Buffer write();

 private:
  ByteWriter types_, strings_;
  std::uint32_t count_ = 0, base_strings_ = 0;
};

// `data` packed as kernels are; LZ4 in the legacy frame, LZO in lzop's container.
Buffer pack(Bytes data, Packing packing);

struct LzopBlock {
  std::uint32_t size, packed_size;  // as the block says
  Buffer packed;
};
// lzop's container around `blocks`, with the checksums that `flags` ask for (all zero).
Buffer lzop_file(const std::vector<LzopBlock>& blocks, std::uint32_t flags,
                 std::uint16_t version = 0x1030);

// A bzImage with one setup sector. `size_word`, where given, follows the payload.
Buffer bzimage(std::string_view version, Bytes payload, std::optional<std::uint32_t> size_word);

// A whole little vmlinux: notes with a build-id, the release in .rodata, kallsyms of `symbols`,
// exports, ORC and BTF.
Buffer vmlinux(std::string_view release, const std::vector<SymbolSpec>& symbols,
               const KallsymsSpec& spec = {});

}  // namespace ringside::test
