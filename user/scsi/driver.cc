#include "user/scsi/driver.hh"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace ringside::scsi {
namespace {

// Whoever finds something to send sends it; whoever finds more wakes or starts another.
class Driver {
 public:
  Driver(Scan& scan, const Send& send, const std::function<void(const Found&)>& found,
         std::size_t most)
      : scan_(scan), send_(send), found_(found), most_(most) {}

  void run() {
    threads_.reserve(most_);
    {
      std::lock_guard lock(mutex_);
      start_one();
    }
    for (std::size_t i = 0; i < started(); ++i) threads_[i].join();
  }

 private:
  std::size_t started() {
    std::lock_guard lock(mutex_);
    return threads_.size();
  }

  void start_one() {
    threads_.emplace_back([this] { work(); });
  }

  void work() {
    Room room;
    std::unique_lock lock(mutex_);
    while (auto command = take(lock)) {
      if (idle_ > 0)
        waiting_.notify_one();
      else if (threads_.size() < most_)
        start_one();
      lock.unlock();
      auto reply = send_(*command, room);
      lock.lock();
      if (auto found = scan_.replied(command->slot, reply)) found_(*found);
    }
    waiting_.notify_all();
  }

  std::optional<Command> take(std::unique_lock<std::mutex>& lock) {
    while (!scan_.is_over()) {
      if (auto command = scan_.next()) return command;
      ++idle_;
      waiting_.wait(lock);
      --idle_;
    }
    return std::nullopt;
  }

  Scan& scan_;
  const Send& send_;
  const std::function<void(const Found&)>& found_;
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable waiting_;
  std::size_t idle_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace

Outcome<std::vector<Summary>> drive(const Order& order, const Send& send,
                                    const std::function<void(const Found&)>& found) {
  constexpr std::size_t kState = 64 << 20, kList = sizeof(Lun);
  auto size = kState + order.goals.size() * (kList * order.rules.listed + 1024);
  auto memory = TRY(ReservedMemory::take(size, "memory for a scan"));
  Arena arena(memory.span());
  auto scan = Scan::create(order, arena);
  if (!scan) return Failure{describe(scan.error(), "scan")};
  Driver(*scan, send, found, order.slots).run();
  std::vector<Summary> summaries;
  for (std::size_t i = 0; i < order.goals.size(); ++i) summaries.push_back(scan->summary(i));
  return summaries;
}

}  // namespace ringside::scsi
