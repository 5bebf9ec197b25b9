// What the tests of firmware in a guest share: the command that serves, the driver that asks, and
// Debian's test_firmware, which we did not write.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>
#include <thread>

#include "include/ringside/uapi/firmware.h"
#include "tests/guest/module.hh"
#include "user/base/unique_fd.hh"
#include "user/firmware/server.hh"

namespace ringside::firmware {

inline const std::filesystem::path kFolder = "/tmp/firmware", kLog = "/tmp/firmware.log",
                                   kErrors = "/tmp/firmware.err";
inline constexpr const char* kTester = "/sys/devices/virtual/misc/test_firmware/";

inline void put(const std::filesystem::path& file, const std::string& content) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}
inline std::string content_of(const std::filesystem::path& file) {
  std::ostringstream content;
  content << std::ifstream(file, std::ios::binary).rdbuf();
  return content.str();
}
// 0 or an error number; in one write(2), as sysfs wants it.
inline int write_errno(const std::string& file, const std::string& text) {
  UniqueFd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  return write(fd.get(), text.data(), text.size()) < 0 ? errno : 0;
}
inline void ask_user_space(bool always) {
  EXPECT_EQ(
      write_errno("/proc/sys/kernel/firmware_config/force_sysfs_fallback", always ? "1" : "0"), 0);
}
// How long kernels wait for an answer.
inline void set_patience(int seconds) {
  EXPECT_EQ(write_errno("/sys/class/firmware/timeout", std::to_string(seconds)), 0);
}

using Sum = std::array<unsigned char, RS_FIRMWARE_SUM_BYTES>;
inline Sum sum_of(const std::string& bytes) {
  Sum sum;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), sum.data());
  return sum;
}
inline std::string hex(const Sum& sum) {
  std::string text;
  for (auto byte : sum) text += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  return text;
}

struct Answer {
  int error = 0;  // of the call, or of what it asked for
  std::uint64_t bytes = 0;
  Sum sum{};
};

inline rs_firmware_ask ask_of(std::uint32_t way, const std::string& name,
                              const std::string& folder = "") {
  rs_firmware_ask ask{};
  ask.size = sizeof ask;
  ask.version = RS_FIRMWARE_VERSION;
  ask.way = way;
  name.copy(ask.name, sizeof ask.name);
  folder.copy(ask.folder, sizeof ask.folder);
  return ask;
}
inline Answer answer_to(rs_firmware_ask ask) {
  UniqueFd device(open(RS_FIRMWARE_DEVICE, O_RDWR | O_CLOEXEC));
  Answer answer;
  if (!device || ioctl(device.get(), RS_FIRMWARE_IOC_ASK, &ask) != 0) return {errno, 0, {}};
  answer.error = static_cast<int>(ask.error);
  answer.bytes = ask.bytes;
  std::memcpy(answer.sum.data(), ask.sum, sizeof ask.sum);
  return answer;
}
// request_firmware() of our driver.
inline Answer request(const std::string& name) {
  return answer_to(ask_of(RS_FIRMWARE_REQUEST, name));
}
inline Answer request_without_event(const std::string& name) {
  return answer_to(ask_of(RS_FIRMWARE_NOUEVENT, name));
}

// `ringside firmware serve`, ended with the object.
class Serving {
 public:
  explicit Serving(const std::vector<std::string>& options = {}) {
    std::vector<std::string> words = {guest::build_folder() / "ringside", "firmware", "serve",
                                      "--dir", kFolder};
    words.insert(words.end(), options.begin(), options.end());
    child_ = fork();
    if (child_ == 0) exec(words);
    EXPECT_TRUE(guest::soon([&] { return has_events(); })) << content_of(kErrors);
  }
  ~Serving() {
    if (child_ <= 0) return;
    EXPECT_EQ(end(SIGTERM), 0) << content_of(kErrors);
  }
  // The exit status, or minus the signal's number.
  int end(int signal) {
    kill(child_, signal);
    int status = 0;
    EXPECT_EQ(waitpid(child_, &status, 0), child_);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  pid_t child() const { return child_; }
  // The most memory that it has had, in KiB.
  long peak() const {
    std::ifstream status("/proc/" + std::to_string(child_) + "/status");
    for (std::string word; status >> word;)
      if (word == "VmHWM:") {
        long size = 0;
        status >> size;
        return size;
      }
    return -1;
  }
  // Whether the log has a line with all these words, or gets one: a driver has its answer before.
  static bool says(const std::vector<std::string>& words) {
    return guest::soon([&] { return has_said(words); });
  }
  static bool has_said(const std::vector<std::string>& words) {
    std::istringstream log(content_of(kLog));
    for (std::string line; std::getline(log, line);) {
      bool all = true;
      for (const auto& word : words) all = all && line.find(word) != line.npos;
      if (all) return true;
    }
    return false;
  }

 private:
  [[noreturn]] static void exec(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    for (auto [fd, file] : {std::pair(1, kLog), std::pair(2, kErrors)})
      dup2(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600), fd);
    execv(argv[0], argv.data());
    _exit(127);
  }
  bool has_events() const {
    std::error_code none;
    for (const auto& fd :
         std::filesystem::directory_iterator("/proc/" + std::to_string(child_) + "/fd", none))
      if (std::filesystem::read_symlink(fd, none).native().starts_with("socket:")) return true;
    return false;
  }
  pid_t child_;
};

// Stops every thread of a process but its first one, as long as this lives.
class Stuck {
 public:
  explicit Stuck(pid_t process) {
    auto tasks = [&] {
      return std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task");
    };
    EXPECT_TRUE(guest::soon([&] { return std::distance(tasks(), end(tasks())) > kParallel; }));
    for (const auto& task : tasks()) {
      auto thread = std::stoi(task.path().filename());
      if (thread == process) continue;
      EXPECT_EQ(ptrace(PTRACE_SEIZE, thread, nullptr, nullptr), 0);
      EXPECT_EQ(ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr), 0);
      EXPECT_EQ(waitpid(thread, nullptr, __WALL), thread);
      threads_.push_back(thread);
    }
  }
  ~Stuck() {
    for (auto thread : threads_) EXPECT_EQ(ptrace(PTRACE_DETACH, thread, nullptr, nullptr), 0);
  }
  Stuck(const Stuck&) = delete;

 private:
  std::vector<pid_t> threads_;
};

}  // namespace ringside::firmware
