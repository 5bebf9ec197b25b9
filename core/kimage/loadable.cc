// The relocations lie behind the last section header: lists of words, each begun by a zero word.
// Kernels before 6.15 have three of them (64 bits, 32 bits inverse, 32 bits), later ones no inverse
// list. No relocation is at address 0, so zero words tell the lists apart.
#include "core/kimage/loadable.hh"

#include "core/elf/file.hh"
#include "core/x86/addresses.hh"

namespace ringside::kimage {
namespace {

using elf::ElfHeader;
using elf::ProgramHeader;

constexpr std::uint64_t kWord = 4;
constexpr std::uint32_t kLoad = 1;  // PT_LOAD
constexpr const char* kSegments = "program header table";
constexpr const char* kTail = "relocations behind the ELF file";

Result<ElfHeader> header_of(Bytes file) {
  auto header = TRY(elf::read_header(file));
  if (header.phentsize != sizeof(ProgramHeader))
    return Error{"wrong program header size", "ELF header", 54, sizeof(ProgramHeader),
                 header.phentsize};
  TRY(slice(file, header.phoff, header.phnum * sizeof(ProgramHeader), kSegments));
  return header;
}

ProgramHeader segment_at(Bytes file, const ElfHeader& header, std::uint32_t index) {
  return load<ProgramHeader>(file, header.phoff + index * sizeof(ProgramHeader));
}

// The end of a PT_LOAD segment in the kernel's memory.
Result<std::uint64_t> segment_end(const Loadable& kernel, const ProgramHeader& segment) {
  TRY(slice(kernel.file, segment.offset, segment.filesz, "segment"));
  if (segment.filesz > segment.memsz)
    return Error{"segment smaller than its contents", kSegments, segment.offset, segment.filesz,
                 segment.memsz};
  if (segment.paddr < kernel.base ||
      !fits(segment.paddr - kernel.base, segment.memsz, kKernelImageSize))
    return Error{"segment outside the kernel's memory", kSegments, segment.offset, kernel.base,
                 segment.paddr};
  return segment.paddr - kernel.base + segment.memsz;
}

Result<std::uint64_t> size_in_memory(const Loadable& kernel, const ElfHeader& header) {
  std::uint64_t size = 0;
  for (std::uint32_t index = 0; index < header.phnum; ++index) {
    auto segment = segment_at(kernel.file, header, index);
    if (segment.type != kLoad) continue;
    auto end = TRY(segment_end(kernel, segment));
    if (end > size) size = end;
  }
  return size;
}

// Takes the zero word that begins `tail` and the list behind it.
Result<Bytes> take_list(Bytes& tail) {
  if (tail.size() < kWord || load<std::uint32_t>(tail, 0) != 0)
    return Error{"list of relocations without its zero", kTail, tail.size(), 0, 1};
  std::uint64_t end = kWord;
  while (end < tail.size() && load<std::uint32_t>(tail, end) != 0) end += kWord;
  auto list = tail.subspan(kWord, end - kWord);
  tail = tail.subspan(end);
  return list;
}

Result<Relocations> read_relocations(Bytes tail) {
  Relocations result;
  if (tail.empty()) return result;
  if (tail.size() % kWord != 0)
    return Error{"not whole words", kTail, 0, kWord, tail.size() % kWord};
  result.add64 = TRY(take_list(tail));
  result.add32 = TRY(take_list(tail));
  if (tail.empty()) return result;
  result.subtract32 = result.add32;
  result.add32 = TRY(take_list(tail));
  if (!tail.empty()) return Error{"more than three lists", kTail, tail.size(), 0, tail.size()};
  return result;
}

template <class T>
Status move_all(const Loadable& kernel, Bytes list, T delta, std::span<std::byte> memory) {
  for (std::uint64_t word = 0; word < list.size(); word += kWord) {
    auto address = static_cast<std::uint64_t>(load<std::int32_t>(list, word));
    auto at = address - kKernelBase - kernel.base;
    if (!fits(at, sizeof(T), memory.size()))
      return Error{"relocation outside the kernel", kTail, word, memory.size(), at};
    T moved = load<T>(memory, at) + delta;
    __builtin_memcpy(memory.data() + at, &moved, sizeof(T));
  }
  return ok;
}

}  // namespace

Result<Loadable> open_loadable(Bytes vmlinux, std::uint64_t base) {
  auto header = TRY(header_of(vmlinux));
  Loadable kernel{vmlinux, base, 0, header.entry, {}};
  kernel.size = TRY(size_in_memory(kernel, header));
  if (header.entry < base || header.entry - base >= kernel.size)
    return Error{"entry outside the kernel", "ELF header", 24, base, header.entry};
  auto sections = std::uint64_t{header.shnum} * header.shentsize;
  TRY(slice(vmlinux, header.shoff, sections, "section header table"));
  kernel.relocations = TRY(read_relocations(vmlinux.subspan(header.shoff + sections)));
  return kernel;
}

Status load_kernel(const Loadable& kernel, std::uint64_t delta, std::span<std::byte> memory) {
  if (memory.size() != kernel.size)
    return Error{"memory of another size", "kernel", 0, kernel.size, memory.size()};
  if (delta != 0 && kernel.relocations.empty())
    return Error{"kernel without relocations", kTail, 0, 0, delta};
  auto header = TRY(header_of(kernel.file));
  for (std::uint32_t index = 0; index < header.phnum; ++index) {
    auto segment = segment_at(kernel.file, header, index);
    if (segment.type != kLoad) continue;
    TRY(segment_end(kernel, segment));
    __builtin_memcpy(memory.data() + (segment.paddr - kernel.base),
                     kernel.file.data() + segment.offset, segment.filesz);
  }
  if (delta == 0) return ok;
  auto narrow = static_cast<std::uint32_t>(delta);
  TRY(move_all<std::uint32_t>(kernel, kernel.relocations.add32, narrow, memory));
  TRY(move_all<std::uint32_t>(kernel, kernel.relocations.subtract32, 0 - narrow, memory));
  return move_all<std::uint64_t>(kernel, kernel.relocations.add64, delta, memory);
}

}  // namespace ringside::kimage
