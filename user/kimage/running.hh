// The running kernel where its image is not at hand: what /proc and /sys say of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "user/base/failure.hh"

namespace ringside::kimage {

constexpr const char* kRunningBtf = "/sys/kernel/btf/vmlinux";

struct RunningSymbol {
  std::uint64_t address;  // as linked: KASLR's offset is taken off, as from an image
  char type;
  std::string name;
};

struct RunningSymbols {
  std::vector<RunningSymbol> symbols;  // vmlinux's own, in the order of /proc/kallsyms
  std::uint64_t offset = 0;            // bytes that the kernel runs above its link address
};

// Reads /proc/kallsyms, or a file of its form. Fails where it hides the addresses from the caller.
Outcome<RunningSymbols> read_running_symbols(const std::string& file = "/proc/kallsyms");

// The offset alone, for which a few hundred lines will do.
Outcome<std::uint64_t> read_running_offset(const std::string& file = "/proc/kallsyms");

// A file of BTF, as Btf::open takes it: the running kernel's types unless another is named. Fails
// where it is none.
Outcome<std::vector<std::byte>> read_btf(const std::filesystem::path& file = kRunningBtf);

}  // namespace ringside::kimage
