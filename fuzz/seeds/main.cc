// fuzz-seeds DIR: writes the first inputs of each target to DIR/TARGET/, made on the spot.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/compiled.hh"
#include "tests/unit/html_vectors.hh"
#include "tests/unit/image_writer.hh"

using namespace ringside;
using namespace ringside::test;

static void put(const std::filesystem::path& file, const Buffer& content) {
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(content.data()),
             static_cast<std::streamsize>(content.size()));
}

// An input of fuzz/kimage.cc: what it is, then the bytes.
static Buffer kimage_seed(unsigned char kind, const Buffer& content) {
  Buffer seed = {std::byte{kind}};
  seed.insert(seed.end(), content.begin(), content.end());
  return seed;
}

static void put_kimage(const std::filesystem::path& folder) {
  int name = 0;
  auto add = [&](unsigned char kind, const Buffer& content) {
    put(folder / fmt::format("seed-{}", name++), kimage_seed(kind, content));
  };
  for (auto layout :
       {KallsymsLayout::kBefore62, KallsymsLayout::kBefore64, KallsymsLayout::kSince64}) {
    auto symbols = kernel_symbols(256);
    add(0, vmlinux("6.1.0", symbols, {layout}));
    add(1, kallsyms_tables(symbols, {layout}));
  }
  add(0, bzimage("6.1.0", pack(as_bytes("a kernel"), Packing::kZstd), 8));
  BtfWriter btf;
  auto integer = btf.add(kimage::BtfKind::kInt, "int", 4, 0, {32});
  btf.add(kimage::BtfKind::kStruct, "pair", 8, 1, {btf.string("a"), integer, 0});
  auto prototype = btf.add(kimage::BtfKind::kPrototype, "", integer, 1, {0, integer});
  btf.add(kimage::BtfKind::kFunction, "f", prototype, 1);
  btf.add(kimage::BtfKind::kDataSection, ".data", 4, 1, {integer, 0, 4});
  add(2, btf.write());
  add(3, Buffer(9));
}

// Inputs of fuzz/kimage_btf.cc: one with patches, one with two sections.
static void put_kimage_btf(const std::filesystem::path& folder) {
  put(folder / "patches", Buffer(14));
  BtfWriter kernel;
  auto integer = kernel.add(kimage::BtfKind::kInt, "int", 4, 0, {32});
  auto strings = kernel.string_bytes();
  BtfWriter module(1, strings);
  module.add(kimage::BtfKind::kStruct, "pair", 8, 1, {module.string("a"), integer, 0});
  auto seed = kernel.write();
  auto length = seed.size();
  seed.insert(seed.begin(), {static_cast<std::byte>(length), static_cast<std::byte>(length >> 8)});
  auto second = module.write();
  seed.insert(seed.end(), second.begin(), second.end());
  put(folder / "pair", seed);
}

static void put_packed(const std::filesystem::path& folder) {
  Buffer data(3000);
  for (std::size_t at = 0; at < data.size(); at += 7) data[at] = static_cast<std::byte>(at);
  int name = 0;
  for (auto packing : {Packing::kGzip, Packing::kXz, Packing::kZstd, Packing::kLz4, Packing::kLzo,
                       Packing::kBzip2, Packing::kLzma})
    put(folder / fmt::format("seed-{}", name++), pack(data, packing));
}

// Lines of most architectures' shapes, so that the fuzzer need not find the words.
static void put_oops(const std::filesystem::path& folder) {
  constexpr std::string_view kReport =
      "> [    1.000000][   T12] BUG: kernel NULL pointer dereference, address: 0000000000000018\n"
      "[    1.000000][   T12] CPU: 1 PID: 2 Comm: acmed Tainted: G        W  O       6.9.1 #1\n"
      "RIP: 0010:[<ffffffff81000010>]  [<ffffffff81000010>] acme+0x10/0x20 [acme]\n"
      "Code: 90 90 <48> 8b 40 18\nCall Trace:\n <TASK>\n ? acme+0x10/0x20 acme/run.c:12\n"
      "[<c0014318>] (acme) from [<c001457c>] (top+0x24/0x2c)\n"
      "([<000003ff8086d036>] acme+0x1/0x2)\n[c000000010f930b0] [c000000008068df8] .acme+0x1/0x2\n"
      "Modules linked in: acme(OE) anvil [last unloaded: tongs]\n"
      "---[ end trace 0000000000000000 ]---\nKernel panic - not syncing: Fatal exception\n";
  auto bytes = as_bytes(kReport);
  put(folder / "seed-0", Buffer(bytes.begin(), bytes.end()));
}

// Every vector of the tokenizer, behind the two bytes that fuzz/html.cc takes off.
static void put_html(const std::filesystem::path& folder) {
  int name = 0;
  for (const auto& vector : html::test::vectors()) {
    Buffer seed = {std::byte{7}, std::byte{1}};
    auto bytes = as_bytes(vector.input);
    seed.insert(seed.end(), bytes.begin(), bytes.end());
    put(folder / fmt::format("seed-{}", name++), seed);
  }
}

// A request's event, its file, and a list of one file.
static void put_firmware(const std::filesystem::path& folder) {
  constexpr std::string_view kEvent(
      "add@/devices/x/firmware/a!b\0ACTION=add\0DEVPATH=/devices/x/firmware/a!b\0"
      "SUBSYSTEM=firmware\0FIRMWARE=a/b\0TIMEOUT=60\0ASYNC=0\0SEQNUM=1\0",
      131);
  constexpr std::string_view kFile = "FIRMWARE=a/b\nTIMEOUT=60\nASYNC=0\n";
  auto list = std::string(64, 'a') + "  ./a/b\n# a comment\n" + std::string(64, '0') + " *c\n";
  int name = 0;
  for (auto text : {kEvent, kFile, std::string_view(list)}) {
    auto bytes = as_bytes(text);
    put(folder / fmt::format("seed-{}", name++), Buffer(bytes.begin(), bytes.end()));
  }
}

// Small programs and a module, with debug information of either version.
static void put_debug_files(const std::filesystem::path& folder) {
  auto source = folder.parent_path() / "inlined.c";
  std::ofstream(source) << kInlinedSource;
  for (std::string dwarf : {"-gdwarf-4", "-gdwarf-5"}) {
    for (const auto& flags : {linked({dwarf}), std::vector<std::string>{dwarf, "-c"}}) {
      auto made = compile(source.parent_path(), "seed", "gcc", flags);
      if (!made) continue;
      std::filesystem::rename(*made, folder / fmt::format("seed{}{}", dwarf, flags.size()));
    }
  }
  std::filesystem::remove(source);
}

int main(int argc, char** argv) {
  if (argc != 2) return fmt::print(stderr, "usage: fuzz-seeds DIR\n"), 64;
  std::filesystem::path folder = argv[1];
  for (auto target : {"kimage", "kimage-btf", "unpack", "oops", "html", "firmware", "dwarf"})
    std::filesystem::create_directories(folder / target);
  put_kimage(folder / "kimage");
  put_kimage_btf(folder / "kimage-btf");
  put_packed(folder / "unpack");
  put_oops(folder / "oops");
  put_html(folder / "html");
  put_firmware(folder / "firmware");
  put_debug_files(folder / "dwarf");
}
