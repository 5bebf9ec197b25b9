// Read to their end, whatever size they claim; written to a name of this process and renamed.
#include "user/loader/small_file.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace ringside::loader {

std::optional<std::string> read_small(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (file.bad()) return std::nullopt;
  return text;
}

std::string read_word(const std::filesystem::path& path) {
  auto text = read_small(path).value_or("");
  text.resize(std::min(text.find('\n'), text.size()));
  auto start = std::min(text.find_first_not_of(" \t"), text.size());
  auto end = text.find_last_not_of(" \t") + 1;
  return start < end ? text.substr(start, end - start) : std::string();
}

Outcome<Nothing> replace_file(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  auto fresh = fmt::format("{}.{}", path.native(), getpid());
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return system_failure("write", fresh);
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return system_failure("rename", fresh);
  return ok;
}

}  // namespace ringside::loader
