// Modules of ours, as a test in a guest loads and unloads them.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "user/process/process.hh"

namespace ringside::guest {

// The name by which the lab's caller booted this kernel.
inline std::string kernel_name() {
  const char* name = std::getenv("RINGSIDE_KERNEL");
  return name ? name : "6.1";
}

inline std::string release() {
  std::string text;
  std::ifstream("/proc/sys/kernel/osrelease") >> text;
  return text;
}

// Where this test program is.
inline std::filesystem::path build_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

// build/modules/RELEASE/NAME.ko, beside this test program.
inline std::filesystem::path module_file(const std::string& name) {
  return build_folder() / "modules" / release() / (name + ".ko");
}

inline bool succeeds(const std::vector<std::string>& argv) {
  auto result = run_process({argv, {}, {}});
  return result && result->status == 0;
}

inline bool load(const std::string& name) {
  return succeeds({"insmod", module_file(name).string()});
}

inline bool unload(const std::string& name) {
  return succeeds({"rmmod", name});
}

// Whether the running kernel has a symbol of that name.
inline bool kernel_has(const std::string& symbol) {
  std::ifstream lines("/proc/kallsyms");
  for (std::string address, kind, name, rest; lines >> address >> kind >> name;) {
    if (name == symbol) return true;
    std::getline(lines, rest);
  }
  return false;
}

// What ran before has not made the kernel complain, but in lines that have `known`.
inline void expect_clean_log(std::string_view known = "\n") {
  auto log = output_of(Process{{"dmesg"}, {}, {}});
  ASSERT_TRUE(log) << log.error().message;
  for (auto word : {"WARNING:", "BUG:", "possible recursive locking", "INFO: task"})
    for (auto at = log->find(word); at != log->npos; at = log->find(word, at + 1)) {
      auto line = log->substr(at, log->find('\n', at) - at);
      EXPECT_NE(line.find(known), line.npos) << line << "\n" << *log;
    }
}

// While it lives, this thread and what it starts run on one CPU.
class OnOneCpu {
 public:
  explicit OnOneCpu(unsigned cpu) {
    EXPECT_EQ(sched_getaffinity(0, sizeof before_, &before_), 0);
    move_to(cpu);
  }
  ~OnOneCpu() { sched_setaffinity(0, sizeof before_, &before_); }
  OnOneCpu(const OnOneCpu&) = delete;
  void move_to(unsigned cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    EXPECT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  }

 private:
  cpu_set_t before_{};
};

// Waits for what somebody else, or the kernel, is about to do.
template <class Condition>
bool soon(Condition condition) {
  for (int tries = 0; tries < 3000; ++tries) {
    if (condition()) return true;
    usleep(10'000);
  }
  return false;
}

// Areas of vmalloc that loads can leave behind: modules' memory, whose callers /proc/vmallocinfo
// names differently, the file's copy, and what our modules took.
inline int module_areas() {
  std::ifstream lines("/proc/vmallocinfo");
  int areas = 0;
  for (std::string line; std::getline(lines, line);)
    for (auto caller : {"load_module", "layout_and_allocate", "move_module", "module_alloc",
                        "execmem", "init_module", "kernel_read_file", "kvmalloc", "[ringside"})
      if (line.find(caller) != line.npos) {
        ++areas;
        break;
      }
  return areas;
}

}  // namespace ringside::guest
