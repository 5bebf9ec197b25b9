// The guest's memory from 1 MiB on, as the file holds it behind the setup code: our stub, four
// levels of page tables that map 4 GiB to themselves, and, at the physical address that it is
// linked for, the kernel up to the end of its .brk: QEMU puts a seed for the kernel's random
// numbers behind the file's end, which the kernel's own memory must not cover.
#include "lab/unpacked.hh"

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "core/kimage/bzimage.hh"
#include "core/kimage/loadable.hh"
#include "core/x86/addresses.hh"
#include "lab/qemu.hh"
#include "user/base/mapped_file.hh"
#include "user/kimage/image.hh"

extern "C" const std::byte ringside_lab_stub[], ringside_lab_stub_end[];

namespace ringside::lab {
namespace {

using kimage::Loadable;
using kimage::LoadHints;

constexpr std::uint64_t kFront = 0x100000;  // where the setup code jumps to
constexpr std::uint64_t kPage = 4096, kLargePage = 2 << 20, kEntries = 512;
constexpr std::uint64_t kEntryAt = 0xff8;  // in the stub's page
constexpr std::uint64_t kPml5 = 1 * kPage, kPml4 = 2 * kPage, kPdpt = 3 * kPage, kPd = 4 * kPage;
constexpr std::uint64_t kGigabytes = 4;
constexpr std::uint64_t kTable = 0x3, kLarge = 0x83;  // present, writable; a large page
constexpr std::uint64_t kLoadflags = 0x211;
constexpr auto kKaslrFlag = std::byte{2};

bool has_word(const std::string& line, const std::string& wanted) {
  std::istringstream words(line);
  for (std::string word; words >> word;)
    if (word == wanted) return true;
  return false;
}

// As choose_random_location() does it for the virtual address (arch/x86/boot/compressed/kaslr.c).
std::uint64_t random_delta(const Loadable& kernel, const LoadHints& hints) {
  std::uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) return 0;
  auto slots = 1 + (kKernelImageSize - hints.base - kernel.size) / hints.alignment;
  return random % slots * hints.alignment;
}

void put(std::span<std::byte> memory, std::uint64_t at, std::uint64_t value) {
  std::memcpy(memory.data() + at, &value, sizeof value);
}

void put_front(std::span<std::byte> front, const Loadable& kernel, bool five_levels) {
  std::memcpy(front.data(), ringside_lab_stub, ringside_lab_stub_end - ringside_lab_stub);
  put(front, kEntryAt, kernel.entry);
  if (five_levels) put(front, kPml5, (kFront + kPml4) | kTable);
  put(front, kPml4, (kFront + kPdpt) | kTable);
  for (std::uint64_t each = 0; each < kGigabytes; ++each)
    put(front, kPdpt + each * 8, (kFront + kPd + each * kPage) | kTable);
  for (std::uint64_t each = 0; each < kGigabytes * kEntries; ++each)
    put(front, kPd + each * 8, each * kLargePage | kLarge);
}

// Whether the kernel may be put where its boot header wants it, by a table of large pages.
bool suits(const Loadable& kernel, const LoadHints& hints) {
  return hints.entry_64 && hints.alignment >= kLargePage && hints.base % kLargePage == 0 &&
         hints.base >= kFront + kPd + kGigabytes * kPage &&
         fits(hints.base, kernel.size, kKernelImageSize);
}

class Mapping {
 public:
  Mapping(int fd, std::uint64_t size)
      : data_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)), size_(size) {}
  Mapping(Mapping&&) = delete;
  ~Mapping() {
    if (*this) munmap(data_, size_);
  }
  explicit operator bool() const { return data_ != MAP_FAILED; }
  std::span<std::byte> bytes() const { return {static_cast<std::byte*>(data_), size_}; }

 private:
  void* data_;
  std::uint64_t size_;
};

std::optional<UniqueFd> write_kernel(Bytes setup, const Loadable& kernel, const LoadHints& hints,
                                     const std::string& append) {
  auto size = setup.size() + hints.base - kFront + kernel.size;
  auto file = memory_file("kernel", "");
  if (!file || ftruncate(file->get(), static_cast<off_t>(size)) != 0) return std::nullopt;
  Mapping memory(file->get(), size);
  if (!memory) return std::nullopt;
  auto bytes = memory.bytes();
  auto moves = !kernel.relocations.empty() && !has_word(append, "nokaslr");
  std::memcpy(bytes.data(), setup.data(), setup.size());
  if (moves) bytes[kLoadflags] |= kKaslrFlag;
  put_front(bytes.subspan(setup.size()), kernel, hints.five_levels && !has_word(append, "no5lvl"));
  if (!load_kernel(kernel, moves ? random_delta(kernel, hints) : 0, bytes.last(kernel.size)))
    return std::nullopt;
  return *std::move(file);
}

}  // namespace

std::optional<UniqueFd> unpacked_kernel(const Kernel& kernel, const std::string& append) {
  auto file = MappedFile::open(kernel.image);
  auto packed = file ? kimage::open_bzimage(file->bytes()) : Error{};
  if (!packed) return std::nullopt;
  auto hints = kimage::load_hints(packed->setup);
  auto image = kimage::Image::open(kernel.image);
  if (!hints || !image) return std::nullopt;
  auto loadable = kimage::open_loadable(image->bytes(), hints->base);
  if (!loadable || !suits(*loadable, *hints)) return std::nullopt;
  return write_kernel(packed->setup, *loadable, *hints, append);
}

}  // namespace ringside::lab
