// mremap(2) grows what mmap(2) gave.
#include "user/base/page_buffer.hh"

#include <sys/mman.h>

#include <new>

namespace ringside {

PageBuffer::~PageBuffer() {
  if (!memory_.empty()) munmap(memory_.data(), memory_.size());
}

void PageBuffer::resize(std::size_t size) {
  constexpr std::size_t kPage = 4096;
  if (size > memory_.size()) {
    auto whole = align_up(size, kPage);
    if (whole < size) throw std::bad_alloc();
    void* memory = memory_.empty() ? mmap(nullptr, whole, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                   : mremap(memory_.data(), memory_.size(), whole, MREMAP_MAYMOVE);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    memory_ = {static_cast<std::byte*>(memory), whole};
  }
  size_ = size;
}

}  // namespace ringside
