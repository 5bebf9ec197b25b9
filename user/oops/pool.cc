// Results wait as futures in the order in which their jobs came. add() blocks on the oldest where
// too many wait, so memory is bounded.
#include "user/oops/pool.hh"

namespace ringside::oops {
namespace {

constexpr std::size_t kHeldBytes = 64 << 20;

}  // namespace

Pool::Pool(unsigned threads, Put put) : put_(std::move(put)), bound_(threads * 64) {
  if (threads > 1)
    for (unsigned each = 0; each < threads; ++each) threads_.emplace_back([this] { work(); });
}

Pool::~Pool() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Pool::work() {
  for (;;) {
    std::packaged_task<std::string()> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

void Pool::add(Job job, std::size_t bytes) {
  if (threads_.empty()) return put_(job());
  std::packaged_task<std::string()> task(std::move(job));
  results_.push_back({task.get_future(), bytes});
  held_ += bytes;
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(task));
  }
  wake_.notify_one();
  drain();
  while (results_.size() >= bound_ || held_ > kHeldBytes) put_first();
}

void Pool::put_first() {
  put_(results_.front().text.get());
  held_ -= results_.front().bytes;
  results_.pop_front();
}

void Pool::drain() {
  while (!results_.empty() &&
         results_.front().text.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
    put_first();
}

void Pool::finish() {
  while (!results_.empty()) put_first();
}

}  // namespace ringside::oops
