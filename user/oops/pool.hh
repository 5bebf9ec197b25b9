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

  // Takes a job that holds `bytes`; waits where too many results, or too many bytes, are
  // outstanding, so that memory stays bounded.
  void add(Job job, std::size_t bytes);
  // Puts out what is done already and stands at the front.
  void drain();
  // Waits for all.
  void finish();

 private:
  struct Result {
    std::future<std::string> text;
    std::size_t bytes;
  };

  void work();
  void put_first();

  Put put_;
  std::size_t bound_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::packaged_task<std::string()>> jobs_;
  std::deque<Result> results_;
  std::size_t held_ = 0;  // bytes of their jobs
  std::vector<std::thread> threads_;
  bool ending_ = false;
};

}  // namespace ringside::oops
