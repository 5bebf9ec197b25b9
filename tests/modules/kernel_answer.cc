// init_module(2) takes the module from memory, so that no file system has a part in it. The name to
// remove a module by stands first in /proc/modules right after it was loaded: a kind may have
// changed it.
#include "tests/modules/kernel_answer.hh"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/modules/rules.hh"

namespace ringside::modules::test {
namespace {

// 0 or an errno.
int load(const Buffer& file) {
  return syscall(SYS_init_module, file.data(), file.size(), "") == 0 ? 0 : errno;
}

void unload_newest() {
  std::string name;
  std::ifstream("/proc/modules") >> name;
  syscall(SYS_delete_module, name.c_str(), O_NONBLOCK);
}

}  // namespace

std::string ask_kernel(const Files& files) {
  bool based = !files.base.empty() && load(files.base) == 0;
  bool provided = files.with_provider && load(files.provider) == 0;
  auto answer = load(files.subject);
  if (answer == 0) unload_newest();
  if (provided) unload_newest();
  if (based) unload_newest();
  return answer == 0 ? "loads" : strerrorname_np(answer);
}

std::string result_line(std::string_view series, const Kind& kind, std::string_view answer,
                        std::string_view where) {
  std::string line;
  for (auto word : {series, kind.name, kind.said_on(series), answer, where})
    line.append(word).append("\t");
  line.back() = '\n';
  return line;
}

std::string series_of(std::string_view release) {
  const auto* rules = rules_for(release);
  return rules ? std::string(rules->series) : std::string();
}

}  // namespace ringside::modules::test
