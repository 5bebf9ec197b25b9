// Fuzzes the module linker end to end: open, exports, layout, needs, bind, link, edit; and, as for
// a space, the relocations of what need not be a module.
#include <cstdint>
#include <vector>

#include "core/modules/edit.hh"
#include "core/modules/link.hh"

using namespace ringside;
using namespace ringside::modules;

namespace {

constexpr std::uint64_t kImageLimit = 4 << 20;  // a region larger than this is not worth the time

void link_module(const Module& module, const Rules& rules, Arena& arena, Diagnostics& diagnostics) {
  Layout layout;
  if (!module.exports(arena, diagnostics)) return;
  if (!lay_out(module, arena, layout, diagnostics)) return;
  auto needs = list_needs(module, arena, diagnostics);
  if (!needs || layout.core_size(rules) + layout.init_size(rules) > kImageLimit) return;
  std::vector<Answer> answers(needs->size());
  for (std::size_t row = 0; row < answers.size(); ++row) {
    answers[row].source = static_cast<Source>(row % 3);
    answers[row].address = 0xffffffff81000000 + row;
    answers[row].provider = row % 4;
  }
  Image image;
  std::vector<std::byte> memory[kMaxRegions];
  for (std::uint32_t region = 0; region < kMaxRegions; ++region) {
    memory[region].resize(layout.regions[region].size);
    image.memory[region] = memory[region];
    image.address[region] = 0xffffffffc0000000 + 0x1000000 * region;
  }
  std::vector<std::uint64_t> addresses(module.object().sections().size());
  std::vector<std::uint64_t> values(module.object().symbol_count());
  section_addresses(layout, image, addresses);
  define_symbols(module.object(), addresses, values);
  bind(module, *needs, answers, {.allow_unexported = true}, values, diagnostics);
  (void)link(module.object(), layout, image, values, diagnostics);
  (void)link_symbols(module.object(), layout, image, values);
  std::vector<std::byte> out(module.signed_file().content.size());
  (void)edit_for_bind(module, *needs, answers, arena, out);
}

void relocate_object(Bytes file, const Rules& rules, Arena& arena, Diagnostics& diagnostics) {
  auto object = Object::open(file, rules, arena, diagnostics);
  if (!object) return;
  std::vector<std::vector<std::byte>> memory(object->sections().size());
  std::vector<Target> targets(memory.size());
  for (std::uint32_t index = 1; index < memory.size(); ++index) {
    auto contents = object->contents(index);
    memory[index].assign(contents.begin(), contents.end());
    targets[index] = {memory[index], 0xffffffffc0000000 + 0x100000 * index};
  }
  std::vector<std::uint64_t> values(object->symbol_count(), 0xffffffffc0000010);
  relocate_sections(*object, targets, values, diagnostics);
}

// struct module as Debian's kernels have it.
ModuleStruct struct_of(const Rules& rules) {
  return &rules == &kRules6_1 ? ModuleStruct{896, 24, 312, 848} : ModuleStruct{1280, 24, 312, 1200};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::vector<std::byte> memory(8 << 20);
  static std::vector<Diagnostic> room(32);
  Bytes file(reinterpret_cast<const std::byte*>(data), size);
  for (const Rules* rules : {&kRules6_1, &kRules6_12}) {
    Arena arena(memory);
    Diagnostics diagnostics(room);
    KernelAbi abi{rules, "6.1.0-test SMP mod_unload modversions ", struct_of(*rules)};
    auto module = Module::open(file, abi, arena, diagnostics);
    if (module) link_module(*module, *rules, arena, diagnostics);
    Arena again(memory);
    relocate_object(file, *rules, again, diagnostics);
  }
  return 0;
}
