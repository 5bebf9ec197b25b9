// Drawn anew only when it would look different. Several threads may have work of their own under
// way; they share the one line.
#include "cli/progress.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <mutex>

namespace ringside::cli {

std::function<void(std::size_t, std::size_t)> progress_bar(const std::string& what) {
  if (isatty(STDERR_FILENO) != 1) return {};
  return [what, shown = std::size_t{101}](std::size_t done, std::size_t total) mutable {
    static std::mutex drawing;
    std::lock_guard lock(drawing);
    constexpr std::size_t kWidth = 40;
    auto percent = total == 0 ? 100 : done * 100 / total;
    if (percent == shown) return;
    shown = percent;
    auto full = percent * kWidth / 100;
    fmt::print(stderr, "\r{} [{}{}] {:3} %", what, std::string(full, '#'),
               std::string(kWidth - full, ' '), percent);
    if (percent == 100) fmt::print(stderr, "\r\033[K");
  };
}

}  // namespace ringside::cli
