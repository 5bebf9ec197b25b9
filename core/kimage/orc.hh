// ORC: how to unwind the stack at every instruction of vmlinux.
// Source: arch/x86/include/asm/orc_types.h. Three layouts of the same 6 bytes: before 6.3 (2-bit
// type, end bit), 6.3 (a signal bit between the two) and since 6.4 (section .orc_header, 3-bit
// type, signal bit).
#pragma once

#include <cstdint>
#include <optional>

#include "core/elf/file.hh"

namespace ringside::kimage {

enum class OrcType : std::uint8_t { kUndefined, kEndOfStack, kCall, kRegs, kRegsPartial };

struct OrcEntry {
  std::uint64_t ip = 0;  // the first address it holds for, as linked
  std::int16_t sp_offset = 0, bp_offset = 0;
  std::uint8_t sp_reg = 0, bp_reg = 0;  // ORC_REG_*
  OrcType type = OrcType::kUndefined;
};

class Orc {
 public:
  // Checks that there are as many entries as addresses; borrows `vmlinux`. size() is 0 in a kernel
  // that unwinds by frame pointers.
  static Result<Orc> open(const elf::File& vmlinux);

  std::uint32_t size() const { return count_; }
  OrcEntry at(std::uint32_t index) const;  // index < size(), rising by ip

  // The entry that holds for `address`: the last at or below it. No value below the first.
  std::optional<OrcEntry> find(std::uint64_t address) const;

 private:
  std::uint64_t ip(std::uint32_t index) const;

  Bytes ips_, entries_;
  std::uint64_t ips_address_ = 0;
  std::uint32_t count_ = 0;
  unsigned end_bit_ = 0;  // of the layouts before 6.4; 0 since
};

}  // namespace ringside::kimage
