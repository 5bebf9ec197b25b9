// fuzz-seeds DIR: writes the first inputs of each target to DIR/TARGET/, made on the spot.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

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

int main(int argc, char** argv) {
  if (argc != 2) return fmt::print(stderr, "usage: fuzz-seeds DIR\n"), 64;
  std::filesystem::path folder = argv[1];
  for (auto target : {"kimage", "kimage-btf", "unpack"})
    std::filesystem::create_directories(folder / target);
  put_kimage(folder / "kimage");
  put_kimage_btf(folder / "kimage-btf");
  put_packed(folder / "unpack");
}
