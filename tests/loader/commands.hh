// What the loader's tests do in a guest: `ringside` as a user calls it, stock tools beside it, and
// what the kernel says afterwards.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/guest/module.hh"
#include "user/loader/loaded.hh"

namespace ringside::loader {

using guest::soon;

inline ProcessResult run(const std::vector<std::string>& argv) {
  auto result = run_process({argv, {}, {}});
  if (result) return *std::move(result);
  return {-1, {}, result.error().message};
}

// `ringside` beside this test program.
inline ProcessResult ringside(std::vector<std::string> words) {
  words.insert(words.begin(), guest::build_folder() / "ringside");
  return run(words);
}

inline std::string words_of(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Expects `ringside WORDS...` to end with `status`; gives its stdout and stderr.
inline std::string expect_ringside(const std::vector<std::string>& words, int status = 0) {
  auto result = ringside(words);
  EXPECT_EQ(result.status, status) << "ringside " << words_of(words) << "\n"
                                   << result.out << result.err;
  return result.out + result.err;
}

inline std::string shell(const std::string& script) {
  auto result = run({"sh", "-c", script});
  EXPECT_EQ(result.status, 0) << script << "\n" << result.out << result.err;
  return result.out;
}

inline std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// For tests of modules that a small configuration (lab/kasan/config) does not build.
#define NEEDS_MODULE(name) \
  if (run({"modinfo", "-n", name}).status != 0) GTEST_SKIP() << "this kernel's tree has no " << name

inline bool is_loaded(const std::string& name) {
  return loaded_module(name).has_value();
}

// Names of all loaded modules, sorted: for "as before".
inline std::vector<std::string> loaded_names() {
  std::vector<std::string> names;
  std::ifstream lines("/proc/modules");
  for (std::string line; std::getline(lines, line);)
    names.push_back(line.substr(0, line.find(' ')));
  std::sort(names.begin(), names.end());
  return names;
}

// Unloads what was loaded since `before` by stock rmmod. What one of them asked for while it was
// initialised (a cipher) holds on until that one is gone: another round gets it.
inline void try_unload_since(const std::vector<std::string>& before) {
  for (int round = 0; round < 4 && loaded_names() != before; ++round) {
    std::vector<std::string> command = {"rmmod"};  // the last loaded first
    for (const auto& name : split_lines(run({"cut", "-d ", "-f1", "/proc/modules"}).out))
      if (!std::binary_search(before.begin(), before.end(), name)) command.push_back(name);
    (void)run(command);
  }
}

inline void unload_since(const std::vector<std::string>& before) {
  try_unload_since(before);
  EXPECT_EQ(loaded_names(), before);
}

// The file of a module in the tree, unpacked into /tmp as NAME.ko.
inline std::filesystem::path unpacked(const std::string& name) {
  auto to = "/tmp/" + name + ".ko";
  shell("f=$(modinfo -n " + name + "); case $f in *.xz) xz -dc \"$f\" >" + to + ";; *) cp \"$f\" " +
        to + ";; esac");
  return to;
}

// `ringside WORDS...` as a process that a test follows, and may kill.
class Started {
 public:
  explicit Started(std::vector<std::string> words) {
    words.insert(words.begin(), guest::build_folder() / "ringside");
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    child_ = fork();
    if (child_ == 0) _exit(execv(argv[0], argv.data()));
  }
  ~Started() { EXPECT_EQ(child_, 0) << "nobody has waited for it"; }

  pid_t process() const { return child_; }
  void kill() const { ::kill(child_, SIGKILL); }
  bool runs() const { return waitpid(child_, nullptr, WNOHANG) == 0; }
  // Waits for its end; the signal that it died by, 0 for none.
  int signal() {
    int status = 0;
    EXPECT_GT(waitpid(std::exchange(child_, 0), &status, 0), 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

 private:
  pid_t child_ = 0;
};

// A test that leaves the kernel as it found it.
class LoaderTest : public ::testing::Test {
 protected:
  void SetUp() override { before_ = loaded_names(); }
  void TearDown() override { unload_since(before_); }
  std::vector<std::string> before_;
};

}  // namespace ringside::loader
