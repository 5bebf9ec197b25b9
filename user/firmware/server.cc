#include "user/firmware/server.hh"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <thread>

namespace ringside::firmware {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kScanEvery = std::chrono::milliseconds(250);

}  // namespace

// Threads hold it, and what they work on, by themselves: one may be stuck in a read that never
// comes back, and is left behind then.
struct Server::Pool {
  std::mutex mutex;
  std::condition_variable more;
  std::deque<std::shared_ptr<Job>> waiting;
  bool over = false;

  // nullptr: no more to come.
  std::shared_ptr<Job> next() {
    std::unique_lock lock(mutex);
    more.wait(lock, [&] { return over || !waiting.empty(); });
    if (over) return nullptr;
    auto job = std::move(waiting.front());
    waiting.pop_front();
    return job;
  }
  void put(std::shared_ptr<Job> job) {
    std::unique_lock lock(mutex);
    waiting.push_back(std::move(job));
    more.notify_one();
  }
  // What has not been begun is dropped.
  std::deque<std::shared_ptr<Job>> close() {
    std::unique_lock lock(mutex);
    over = true;
    more.notify_all();
    return std::move(waiting);
  }
};

Server::Server(std::shared_ptr<const Settings> settings, UniqueFd requests, Events events)
    : settings_(std::move(settings)),
      requests_(std::move(requests)),
      events_(std::move(events)),
      pool_(std::make_shared<Pool>()) {
  for (unsigned each = 0; each < kParallel; ++each)
    std::thread([pool = pool_, settings = settings_] {
      while (auto job = pool->next()) job->run();
    }).detach();
}

Outcome<Server> Server::create(Settings settings) {
  UniqueFd requests(open(settings.requests.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!requests) return system_failure("open", settings.requests);
  if (flock(requests.get(), LOCK_EX | LOCK_NB) != 0)
    return Failure{fmt::format("{}: another ringside serves it", settings.requests.native())};
  if (geteuid() != 0 && settings.requests == kRequests)
    return Failure{"only root may answer requests for firmware"};
  auto events = TRY(Events::open());
  return Server(std::make_shared<const Settings>(std::move(settings)), std::move(requests),
                std::move(events));
}

void Server::run(int stop) {
  scan(true);
  auto next_scan = Clock::now() + kScanEvery;
  std::array<pollfd, 2> ready{{{stop, POLLIN, 0}, {events_.fd(), POLLIN, 0}}};
  while (ready[0].revents == 0) {
    auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_scan - Clock::now()).count();
    if (poll(ready.data(), ready.size(), static_cast<int>(std::max<std::int64_t>(wait, 0))) < 0)
      ready[0].revents = ready[1].revents = 0;
    if (ready[1].revents != 0) read_events();
    if (Clock::now() >= next_scan) {
      scan(false);
      next_scan = Clock::now() + kScanEvery;
    }
    expire();
  }
  for (const auto& job : pool_->close()) std::erase(jobs_, job);
  while (!has_ended()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    expire();
  }
}

void Server::scan(bool first) {
  std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(settings_->requests.c_str()), closedir);
  if (!folder) return settings_->complain(system_failure("read", settings_->requests).message);
  seen_.clear();
  while (const auto* entry = readdir(folder.get()))
    if (entry->d_type != DT_REG && entry->d_name != std::string_view(".") &&
        entry->d_name != std::string_view(".."))
      take(entry->d_name, first);
  std::erase_if(known_, [&](std::uint64_t each) { return !seen_.contains(each); });
}

// What somebody else has begun to answer is theirs; but before we came, that may have been a server
// that was killed.
void Server::take(const std::string& device, bool first) {
  auto opened = RequestFolder::open(requests_.get(), device);
  if (!opened) return settings_->complain(opened.error().message);
  if (!*opened) return;
  auto folder = **std::move(opened);
  seen_.insert(folder.identity());
  if (known_.contains(folder.identity()) || (!first && folder.is_loading())) return;
  known_.insert(folder.identity());
  jobs_.push_back(std::make_shared<Job>(std::move(folder), *settings_));
  pool_->put(jobs_.back());
}

void Server::read_events() {
  bool lost = false;
  while (auto event = events_.next()) {
    lost = lost || event->lost;
    if (!event->device.empty()) take(event->device, false);
  }
  if (lost) scan(false);
}

void Server::expire() {
  for (const auto& job : jobs_) job->expire(Clock::now());
  std::erase_if(jobs_, [](const auto& job) { return job->has_ended(); });
}

bool Server::has_ended() {
  return std::all_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->has_ended(); });
}

}  // namespace ringside::firmware
