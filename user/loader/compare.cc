// The first byte that differs, eight of each from there on, and the relocation that writes it.
#include "user/loader/compare.hh"

#include <fmt/format.h>

#include <algorithm>

#include "user/kimage/image.hh"

namespace ringside::loader {
namespace {

constexpr std::uint64_t kShown = 8;  // bytes

// "relocation 12 of .rela.text, type 4, against printk"; empty where no relocation covers it.
std::string relocation_at(const modules::Object& object, std::uint32_t target, std::uint64_t at) {
  for (std::uint32_t index = 1; index < object.sections().size(); ++index) {
    const auto& header = object.sections()[index];
    if (header.type != modules::kSectionRela || header.info != target) continue;
    auto table = object.contents(index);
    for (std::uint64_t row = 0; row < table.size() / sizeof(modules::Relocation); ++row) {
      auto entry = load<modules::Relocation>(table, row * sizeof(modules::Relocation));
      if (at < entry.offset || at - entry.offset >= modules::relocation_width(entry.type()))
        continue;
      auto symbol = entry.symbol() < object.symbol_count() ? object.symbol(entry.symbol())
                                                           : modules::Symbol{};
      return fmt::format("relocation {} of {}, type {}, against {}", row,
                         object.section_name(index), entry.type(), object.symbol_name(symbol));
    }
  }
  return {};
}

}  // namespace

std::optional<std::string> first_difference(const modules::Object& object, std::uint32_t index,
                                            Bytes ours, Bytes theirs) {
  auto [mine, other] = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end());
  if (mine == ours.end()) return std::nullopt;
  auto at = static_cast<std::uint64_t>(mine - ours.begin());
  auto size = std::min<std::uint64_t>(kShown, ours.size() - at);
  auto relocation = relocation_at(object, index, at);
  return fmt::format("{}+{:#x}: the kernel has {}, we {} ({})", object.section_name(index), at,
                     kimage::to_hex(theirs.subspan(at, size)),
                     kimage::to_hex(ours.subspan(at, size)),
                     relocation.empty() ? "no relocation" : relocation);
}

}  // namespace ringside::loader
