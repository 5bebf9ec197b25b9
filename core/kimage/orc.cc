// .orc_unwind_ip holds self-relative addresses, sorted when the kernel was linked; .orc_unwind the
// entry of each. Look-up is a bisection, as in arch/x86/kernel/unwind_orc.c.
#include "core/kimage/orc.hh"

namespace ringside::kimage {
namespace {

constexpr std::uint64_t kEntryBytes = 6;

// `end` is the bit that ends the stack; 0 in the layout whose types say so.
OrcType type_of(std::uint16_t bits, unsigned end) {
  unsigned sp_reg = bits & 15;
  if (end == 0) {
    unsigned type = bits >> 8 & 7;
    return type <= 4 ? static_cast<OrcType>(type) : OrcType::kUndefined;
  }
  if (bits >> end & 1) return OrcType::kEndOfStack;
  if (sp_reg == 0) return OrcType::kUndefined;
  unsigned type = bits >> 8 & 3;
  return static_cast<OrcType>(type < 3 ? 2 + type : 0);
}

std::uint16_t bits_of(Bytes entries, std::uint32_t index) {
  return load<std::uint16_t>(entries, index * kEntryBytes + 4);
}

// Nothing says which of the two layouts without a header it is, but only 6.3's has bit 11.
unsigned end_bit(Bytes entries, std::uint32_t count) {
  for (std::uint32_t index = 0; index < count; ++index)
    if (bits_of(entries, index) >> 11 & 1) return 11;
  return 10;
}

}  // namespace

Result<Orc> Orc::open(const elf::File& vmlinux) {
  Orc orc;
  auto ips = TRY(vmlinux.find(".orc_unwind_ip"));
  auto entries = TRY(vmlinux.find(".orc_unwind"));
  if (!ips || !entries) return orc;
  orc.count_ = static_cast<std::uint32_t>(ips->data.size() / 4);
  if (ips->data.size() % 4 || entries->data.size() != orc.count_ * kEntryBytes)
    return Error{"not one entry an address", ".orc_unwind", 0, orc.count_ * kEntryBytes,
                 entries->data.size()};
  orc.ips_ = ips->data;
  orc.ips_address_ = ips->address;
  orc.entries_ = entries->data;
  bool typed = TRY(vmlinux.find(".orc_header")).has_value();
  orc.end_bit_ = typed ? 0 : end_bit(orc.entries_, orc.count_);
  return orc;
}

std::uint64_t Orc::ip(std::uint32_t index) const {
  auto offset = load<std::int32_t>(ips_, std::uint64_t{index} * 4);
  return ips_address_ + std::uint64_t{index} * 4 + static_cast<std::uint64_t>(std::int64_t{offset});
}

OrcEntry Orc::at(std::uint32_t index) const {
  std::uint64_t place = index * kEntryBytes;
  auto bits = bits_of(entries_, index);
  OrcEntry entry;
  entry.ip = ip(index);
  entry.sp_offset = load<std::int16_t>(entries_, place);
  entry.bp_offset = load<std::int16_t>(entries_, place + 2);
  entry.sp_reg = bits & 15;
  entry.bp_reg = bits >> 4 & 15;
  entry.type = type_of(bits, end_bit_);
  return entry;
}

std::optional<OrcEntry> Orc::find(std::uint64_t address) const {
  std::uint32_t low = 0, high = count_;  // entries below `low` start at or below the address
  while (low < high) {
    auto middle = low + (high - low) / 2;
    if (ip(middle) <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low ? std::optional(at(low - 1)) : std::nullopt;
}

}  // namespace ringside::kimage
