// Results wait as futures in the order in which their jobs came. add() blocks on the oldest where
// too many wait, so memory is bounded.
#include "user/oops/pool.hh"

namespace ringside::oops {

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

void Pool::add(Job job) {
  if (threads_.empty()) return put_(job());
  std::packaged_task<std::string()> task(std::move(job));
  results_.push_back(task.get_future());
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(task));
  }
  wake_.notify_one();
  drain();
  if (results_.size() < bound_) return;
  put_(results_.front().get());
  results_.pop_front();
}

void Pool::drain() {
  while (!results_.empty() &&
         results_.front().wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    put_(results_.front().get());
    results_.pop_front();
  }
}

void Pool::finish() {
  for (; !results_.empty(); results_.pop_front()) put_(results_.front().get());
}

}  // namespace ringside::oops
