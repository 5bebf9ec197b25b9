// Threads that share one piece of work.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace ringside::scsi {

// Runs `work()` in `count` threads, of which the caller's is one, and waits for all.
template <class Work>
void in_threads(std::size_t count, Work work) {
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < count; ++i) threads.emplace_back(work);
  work();
  for (auto& thread : threads) thread.join();
}

// Calls `each(index)` for every index below `size`, in `threads` threads at most.
template <class Each>
void for_each_index(std::size_t size, std::size_t threads, Each each) {
  std::atomic<std::size_t> next{0};
  in_threads(std::min(size, threads), [&] {
    for (std::size_t i; (i = next++) < size;) each(i);
  });
}

}  // namespace ringside::scsi
