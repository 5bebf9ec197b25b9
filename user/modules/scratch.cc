// An anonymous mapping without reserved swap: pages cost something once they are touched.
#include "user/modules/scratch.hh"

#include <sys/mman.h>

namespace ringside::modules {

Outcome<Scratch> Scratch::reserve(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return system_failure("reserve", "memory");
  return Scratch({static_cast<std::byte*>(memory), bytes});
}

void Scratch::give_back(std::size_t used) const {
  constexpr std::size_t kKept = 4u << 20;  // larger than what all but a few modules need
  if (used > kKept) madvise(memory_.data() + kKept, used - kKept, MADV_DONTNEED);
}

Scratch::~Scratch() {
  if (!memory_.empty()) munmap(memory_.data(), memory_.size());
}

}  // namespace ringside::modules
