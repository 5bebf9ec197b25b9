// Damaged indexes of exports, as a cache may hold them. The input is a list of patches (two bytes
// where, one byte what) to a good one; whatever opens must answer every question and end.
#include <cstdlib>
#include <vector>

#include "core/modules/export_index.hh"

using namespace ringside;
using namespace ringside::modules;

namespace {

constexpr std::string_view kNames[] = {"printk", "kfree", "ext4_one", "ext4_two", "printk"};

std::vector<std::byte> make_index() {
  std::vector<IndexedExport> exports;
  for (auto name : kNames) exports.push_back({name, "NAMESPACE", 8, 7, 0, 0, true, false});
  exports.back().provider = 1;
  std::vector<IndexedProvider> providers = {{"vmlinux", false}, {"ext4", false}};
  std::vector<std::byte> block(ExportIndex::bytes(exports, providers));
  if (!ExportIndex::build(exports, providers, {}, block)) std::abort();
  return block;
}

void ask_everything(const ExportIndex& index) {
  for (std::uint32_t at = 0; at <= index.provider_count() && at < 1000; ++at) index.provider(at);
  std::vector<Need> needs;
  for (auto name : kNames) {
    auto found = index.find(name);
    for (int steps = 0; found && steps < 1000; ++steps) found = index.after(*found);
    needs.push_back({name, name_hash(name)});
  }
  std::vector<IndexedExport> all(needs.size());
  index.find_all(needs, all);
  auto step = index.step(0);
  for (int steps = 0; step && steps < 1000; ++steps) step = index.step(step->next);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto good = make_index();
  auto patched = good;
  for (std::size_t at = 0; at + 3 <= size; at += 3) {
    auto where = static_cast<std::size_t>(data[at] | data[at + 1] << 8);
    patched[where % patched.size()] ^= std::byte{data[at + 2]};
  }
  if (auto index = ExportIndex::open(patched)) ask_everything(*index);
  return 0;
}
