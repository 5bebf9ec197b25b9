// A copy of what was signed, with two fields of each bound symbol overwritten.
#include "core/modules/edit.hh"

#include <algorithm>
#include <cstring>

namespace ringside::modules {
namespace {

// The providers for which a symbol was left undefined; there are few, so a list will do.
class Kept {
 public:
  explicit Kept(std::span<std::uint32_t> room) : room_(room) {}

  // True the first time that `provider` is given.
  bool add(std::uint32_t provider) {
    for (auto known : room_.first(size_))
      if (known == provider) return false;
    room_[size_++] = provider;
    return true;
  }
  std::uint32_t size() const { return size_; }

 private:
  std::span<std::uint32_t> room_;
  std::uint32_t size_ = 0;
};

// The licence's part of bind()'s rules once more, since this is where an address would get past the
// kernel's own check: such a symbol stays undefined, and the kernel refuses it, or leaves it 0.
bool withheld(bool proprietary, const Answer& answer) {
  return proprietary && (answer.gpl_only || answer.source == Source::kUnexported);
}

// By its own licence, or because one of its providers is.
bool is_proprietary(const Module& module, std::span<const Answer> answers) {
  return !module.gpl_compatible() ||
         std::any_of(answers.begin(), answers.end(),
                     [](const Answer& answer) { return answer.proprietary_provider; });
}

void make_absolute(std::span<std::byte> file, std::uint64_t at, std::uint64_t value) {
  Symbol symbol;
  std::memcpy(&symbol, file.data() + at, sizeof(symbol));
  symbol.section = kAbsolute;
  symbol.value = value;
  std::memcpy(file.data() + at, &symbol, sizeof(symbol));
}

}  // namespace

Result<Edited> edit_for_bind(const Module& module, std::span<const Need> needs,
                             std::span<const Answer> answers, Arena& arena,
                             std::span<std::byte> out) {
  auto content = module.signed_file().content;
  if (out.size() < content.size())
    return Error{"memory is too small", "edited file", 0, content.size(), out.size()};
  if (needs.size() != answers.size())
    return Error{"not one answer a need", "answers", 0, needs.size(), answers.size()};
  auto proprietary = is_proprietary(module, answers);
  Kept kept(TRY(arena.take<std::uint32_t>(needs.size())));
  std::memcpy(out.data(), content.data(), content.size());
  auto table = module.object().sections()[module.object().symbol_section()].offset;
  Edited edited{content.size(), 0, 0};
  for (std::size_t row = 0; row < needs.size(); ++row) {
    const auto& need = needs[row];
    const auto& answer = answers[row];
    if (need.symbol >= module.object().symbol_count() || answer.source == Source::kNone) continue;
    if (withheld(proprietary, answer)) continue;
    bool counted = answer.source == Source::kExport && answer.provider != 0;
    if (counted && kept.add(answer.provider)) continue;
    make_absolute(out, table + need.symbol * sizeof(Symbol), answer.address);
    ++edited.absolute;
  }
  edited.kept = kept.size();
  return edited;
}

}  // namespace ringside::modules
