#include "cli/write_file.hh"

#include <fstream>

namespace ringside::cli {

Outcome<Nothing> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return system_failure("write", path);
  return ok;
}

}  // namespace ringside::cli
