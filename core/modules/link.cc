// Zero, copy, relocate, each a pass over the sections. The order of relocation sections is the
// file's, as the kernel's.
#include "core/modules/link.hh"

namespace ringside::modules {
namespace {

bool is_symbol_data(const Object& object, std::uint32_t section) {
  return section != 0 && (section == object.symbol_section() || section == object.string_section());
}

// True where relocation section `index` is to be applied, by apply_relocations' rules. The target
// is in memory; the caller has seen to that.
bool applies(const Object& object, std::uint32_t index, Diagnostics& diagnostics) {
  const auto& header = object.sections()[index];
  Diagnostic wrong{Fault::kRelSection, Severity::kRefused,        index, header.info, kSectionRela,
                   header.type,        object.section_name(index)};
  if (header.flags & kFlagRelaLivepatch) {
    wrong.fault = Fault::kLivepatch, wrong.severity = Severity::kUnsupported;
  } else if (header.type == kSectionRela) {
    if (!is_symbol_data(object, header.info)) return true;
    wrong.fault = Fault::kRelocatesSymbols, wrong.severity = Severity::kUnsafe;
  } else if (header.type != kSectionRel) {
    return false;
  }
  diagnostics.add(wrong);
  return false;
}

Status prepare(const Layout& layout, const Image& image) {
  for (std::uint32_t region = 0; region < kMaxRegions; ++region) {
    auto size = layout.regions[region].size;
    auto memory = image.memory[region];
    if (memory.size() < size)
      return Error{"memory is too small", "region", region, size, memory.size()};
    if (size != 0) std::memset(memory.data(), 0, size);
  }
  return ok;
}

// The room of `section` in the image; empty where it has none.
Target room_of(const Object& object, const Layout& layout, const Image& image,
               std::uint32_t section) {
  auto place = layout.places[section];
  if (place.region == kNoRegion) return {};
  auto memory = image.memory[place.region].first(layout.regions[place.region].size);
  auto size = object.sections()[section].size;
  if (!fits(place.offset, size, memory.size())) return {};  // kLayoutTooLarge was reported
  return {memory.subspan(place.offset, size), image.address[place.region] + place.offset};
}

// The same for sections that are copied and relocated.
Target target_of(const Object& object, const Layout& layout, const Image& image,
                 std::uint32_t section) {
  return is_symbol_data(object, section) ? Target{} : room_of(object, layout, image, section);
}

}  // namespace

void section_addresses(const Layout& layout, const Image& image,
                       std::span<std::uint64_t> addresses) {
  for (std::size_t section = 0; section < addresses.size(); ++section) {
    auto place = layout.places[section];
    addresses[section] = place.region == kNoRegion ? 0 : image.address[place.region] + place.offset;
  }
  if (layout.percpu_section != 0) addresses[layout.percpu_section] = image.percpu_address;
}

void define_symbols(const Object& object, std::span<const std::uint64_t> addresses,
                    std::span<std::uint64_t> values) {
  for (std::uint32_t index = 0; index < values.size(); ++index) {
    auto symbol = object.symbol(index);
    bool defined = symbol.section != kUndefined && symbol.section < addresses.size();
    values[index] = symbol.value + (defined ? addresses[symbol.section] : 0);
  }
}

Result<std::uint64_t> link(const Object& object, const Layout& layout, const Image& image,
                           std::span<const std::uint64_t> values, Diagnostics& diagnostics) {
  TRY(prepare(layout, image));
  auto sections = static_cast<std::uint32_t>(object.sections().size());
  for (std::uint32_t index = 1; index < sections; ++index) {
    auto target = target_of(object, layout, image, index);
    auto contents = object.contents(index);
    if (!contents.empty() && !target.bytes.empty())
      std::memcpy(target.bytes.data(), contents.data(), contents.size());
  }
  std::uint64_t count = 0;
  for (std::uint32_t index = 1; index < sections; ++index) {
    auto info = object.sections()[index].info;
    if (info >= sections || layout.places[info].region == kNoRegion) continue;
    if (!applies(object, index, diagnostics)) continue;
    count += relocate(object.contents(index), index, target_of(object, layout, image, info), values,
                      diagnostics);
  }
  return count;
}

Status link_symbols(const Object& object, const Layout& layout, const Image& image,
                    std::span<const std::uint64_t> values) {
  auto symbols = room_of(object, layout, image, object.symbol_section()).bytes;
  auto strings = room_of(object, layout, image, object.string_section()).bytes;
  auto names = object.contents(object.string_section());
  if (!names.empty() && strings.size() == names.size())
    std::memcpy(strings.data(), names.data(), names.size());
  return symbols.empty() ? Status(ok) : write_symbols(object, values, symbols);
}

std::uint64_t relocate_sections(const Object& object, std::span<const Target> targets,
                                std::span<const std::uint64_t> values, Diagnostics& diagnostics) {
  std::uint64_t count = 0;
  for (std::uint32_t index = 1; index < object.sections().size(); ++index) {
    auto info = object.sections()[index].info;
    if (info >= targets.size() || targets[info].bytes.empty()) continue;
    if (applies(object, index, diagnostics))
      count += relocate(object.contents(index), index, targets[info], values, diagnostics);
  }
  return count;
}

Result<Nothing> write_symbols(const Object& object, std::span<const std::uint64_t> values,
                              std::span<std::byte> out) {
  auto symbols = object.symbols();
  if (out.size() != symbols.size() || values.size() != object.symbol_count())
    return Error{"not one record a symbol", "symbol table", 0, symbols.size(), out.size()};
  for (std::uint32_t index = 0; index < values.size(); ++index) {
    auto symbol = object.symbol(index);
    symbol.value = values[index];
    std::memcpy(out.data() + index * sizeof(Symbol), &symbol, sizeof(Symbol));
  }
  return ok;
}

}  // namespace ringside::modules
