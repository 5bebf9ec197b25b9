// Damaged kernel images. The first byte says what the rest is: a whole file (bzImage header or
// ELF, then everything in it), one table alone (kallsyms, BTF), or patches (three bytes where, one
// byte what) to a good little kernel, which get past every header at once. Whatever opens must
// answer every question and end.
#include <cstdlib>

#include "core/elf/file.hh"
#include "core/elf/note.hh"
#include "core/kimage/btf.hh"
#include "core/kimage/bzimage.hh"
#include "core/kimage/exports.hh"
#include "core/kimage/kallsyms.hh"
#include "core/kimage/loadable.hh"
#include "core/kimage/orc.hh"
#include "tests/unit/image_writer.hh"

using namespace ringside;
using namespace ringside::kimage;

static void require(bool holds) {
  if (!holds) std::abort();
}

static void read_kallsyms(Bytes rodata) {
  auto tables = Kallsyms::locate(rodata);
  if (!tables) return;
  Kallsyms::Cursor cursor(*tables);
  std::uint32_t count = 0;
  std::uint64_t last = 0;
  for (auto next = cursor.next(); next && *next; next = cursor.next(), ++count) {
    require((*next)->address >= last && !(*next)->name.empty());
    last = (*next)->address;
  }
  require(count <= tables->size());
}

static void read_btf(Bytes section) {
  test::Buffer memory(btf_memory(section));
  Arena arena(memory);
  auto btf = Btf::open(section, arena);
  if (!btf) return;
  for (std::uint32_t id = 0; id <= btf->size(); ++id) {
    auto type = btf->type(id);
    for (std::uint32_t index = 0; type && index <= type->members; ++index)
      static_cast<void>(btf->member(*type, index));
  }
  static_cast<void>(btf->find(BtfKind::kStruct, "pair"));
}

static void read_exports(const elf::File& file) {
  auto exports = Exports::open(file);
  for (std::uint32_t index = 0; exports && index <= exports->size(); ++index)
    static_cast<void>(exports->at(index));
}

static void read_orc(const elf::File& file) {
  auto orc = Orc::open(file);
  for (std::uint32_t index = 0; orc && index < orc->size(); ++index) {
    auto ip = orc->at(index).ip;
    if (auto found = orc->find(ip)) require(found->ip <= ip);
  }
}

static void load_vmlinux(Bytes bytes) {
  auto kernel = open_loadable(bytes, test::kLoadBase);
  if (!kernel || kernel->size > 1 << 20) return;
  require(kernel->entry - kernel->base < kernel->size);
  test::Buffer still(kernel->size), moved(kernel->size);
  require(static_cast<bool>(load_kernel(*kernel, 0, still)));
  if (!load_kernel(*kernel, 1 << 21, moved)) return;
  require(kernel->relocations.add32.size() + kernel->relocations.add64.size() <= bytes.size());
}

static void read_vmlinux(Bytes bytes) {
  load_vmlinux(bytes);
  auto file = elf::File::open(bytes);
  if (!file) return;
  if (auto notes = file->find(".notes"); notes && *notes)
    static_cast<void>(elf::build_id_note((*notes)->data));
  if (auto rodata = file->find(".rodata"); rodata && *rodata) read_kallsyms((*rodata)->data);
  if (auto btf = file->find(".BTF"); btf && *btf) read_btf((*btf)->data);
  static_cast<void>(file->covering(0xffff'ffff'8100'0000));
  read_exports(*file);
  read_orc(*file);
}

static void read_file(Bytes bytes) {
  auto image = open_bzimage(bytes);
  if (image) static_cast<void>(release_of(image->version));
  if (image) static_cast<void>(load_hints(image->setup));
  read_vmlinux(bytes);
}

static void read_patched(Bytes patches) {
  using test::KallsymsLayout;
  static const test::Buffer kernels[] = {
      test::vmlinux("6.1.0", test::kernel_symbols(256), {KallsymsLayout::kBefore64}),
      test::vmlinux("6.12.0", test::kernel_symbols(256), {KallsymsLayout::kSince64}),
      test::loadable_kernel({{0x8100'0100}, {0x8100'0200}, {0x8100'0300}})};
  if (patches.empty()) return;
  auto kernel = kernels[static_cast<unsigned>(patches[0]) % std::size(kernels)];
  for (std::size_t at = 1; fits(at, 4, patches.size()); at += 4) {
    auto word = load<std::uint32_t>(patches, at);
    kernel[(word >> 8) % kernel.size()] ^= static_cast<std::byte>(word & 0xff);
  }
  read_vmlinux(kernel);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Bytes input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_file(input);
      break;
    case 1:
      read_kallsyms(input);
      break;
    case 2:
      read_btf(input);
      break;
    case 3:
      read_patched(input);
      break;
  }
  return 0;
}
