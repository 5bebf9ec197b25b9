// Job: one request on its way to an answer. A thread runs it; another one may end it at any time,
// because its time is over while the first waits for a disk that does not answer.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/firmware/transfer.hh"
#include "user/firmware/digest.hh"
#include "user/firmware/list.hh"
#include "user/firmware/request_folder.hh"
#include "user/firmware/source.hh"

namespace ringside::firmware {

// What became of a request.
struct Record {
  std::chrono::system_clock::time_point time;  // of the verdict
  std::string asker;                           // the device below /sys, or "-"
  std::string name, file;                      // file: empty where none was opened
  std::uint64_t bytes = 0;                     // handed over
  Verdict verdict = Verdict::kPending;
  std::string why;  // empty where the verdict says it all
  std::chrono::duration<double> took{};
};

struct Settings {
  std::vector<std::filesystem::path> folders;
  std::optional<List> list;       // with it, only what it lists is served
  std::chrono::seconds limit{0};  // for a request; 0: what the kernel gives it
  // Both may be called by several threads at once.
  std::function<void(const Record&)> log;
  std::function<void(const std::string&)> complain;  // what is no request's
  std::filesystem::path requests = kRequests;
};

class Job {
 public:
  // `settings` outlives the job.
  Job(RequestFolder folder, const Settings& settings);

  // Goes on until there is a verdict, and logs it.
  void run();
  // Ends it where its time is over.
  void expire(std::chrono::steady_clock::time_point now);
  bool has_ended() const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  Step step() const;
  void look();
  void begin();
  void copy();
  void settle(const Lock&);
  void commit();
  // What a call to the kernel that did not succeed means.
  void refused_by_kernel(const char* what, int error);
  void fail(const Failure& failure);
  void log_verdict() const;

  const Settings& settings_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  RequestFolder folder_;
  std::string name_, file_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::unique_ptr<Source> source_;
  Sha256 digest_;

  mutable std::mutex mutex_;  // for what follows, and for what ends a request in the kernel
  Transfer transfer_;
  std::string why_;
};

}  // namespace ringside::firmware
