#include "cli/root.hh"

#include <fmt/format.h>

namespace ringside::cli {

namespace fs = std::filesystem;

Outcome<fs::path> find_root() {
  std::error_code error;
  auto folder = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  for (const auto& root : {folder / "share/ringside", folder})
    if (fs::exists(root / "verdict/services.json", error)) return root;
  return Failure{
      fmt::format("{}: no verdict/services.json there or in share/ringside; install "
                  "Ringside whole, or run it from its source's build folder",
                  folder.string())};
}

}  // namespace ringside::cli
