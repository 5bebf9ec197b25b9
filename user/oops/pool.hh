// Pool: jobs done by several threads whose results come out in the order in which the jobs came.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ringside::oops {

class Pool {
 public:
  using Job = std::function<std::string()>;
  using Put = std::function<void(const std::string&)>;

  // With one thread, jobs are done by the caller. `put` is called by the thread that calls add()
  // and finish() only.
  Pool(unsigned threads, Put put);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Takes a job; waits where too many results are outstanding, so that memory stays bounded.
  void add(Job job);
  // Puts out what is done already and stands at the front.
  void drain();
  // Waits for all.
  void finish();

 private:
  void work();

  Put put_;
  std::size_t bound_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::packaged_task<std::string()>> jobs_;
  std::deque<std::future<std::string>> results_;
  std::vector<std::thread> threads_;
  bool ending_ = false;
};

}  // namespace ringside::oops
