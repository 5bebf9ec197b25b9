// Of files of one name the first folder's counts, as with kmod; then words of the kernel's command
// line.
#include "user/loader/config.hh"

#include <algorithm>
#include <sstream>

#include "user/loader/small_file.hh"
#include "user/modtree/tree.hh"

namespace ringside::loader {
namespace {

namespace fs = std::filesystem;

void append(std::string& list, std::string_view words) {
  if (!list.empty() && !words.empty()) list += ' ';
  list += words;
}

std::string_view next_word(std::string_view& line) {
  auto start = std::min(line.find_first_not_of(" \t"), line.size());
  auto end = std::min(line.find_first_of(" \t", start), line.size());
  auto word = line.substr(start, end - start);
  auto rest = std::min(line.find_first_not_of(" \t", end), line.size());
  line.remove_prefix(rest);
  return word;
}

void take_line(std::string_view line, Config& config) {
  auto kind = next_word(line);
  if (kind.empty() || kind.front() == '#') return;
  auto name = modtree::with_underscores(next_word(line));
  if (name.empty()) return;
  if (kind == "options") append(config.options[name], line);
  if (kind == "install") config.installs[name] = line;
  if (kind == "blacklist") config.blacklist.insert(name);
}

// A backslash at a line's end continues it.
void take_file(const fs::path& file, Config& config) {
  std::istringstream lines(read_small(file).value_or(""));
  std::string whole;
  for (std::string line; std::getline(lines, line);) {
    whole += line;
    if (!whole.empty() && whole.back() == '\\') {
      whole.back() = ' ';
      continue;
    }
    take_line(whole, config);
    whole.clear();
  }
  take_line(whole, config);
}

// "modprobe.blacklist=a,b", and "module.parameter=value".
void take_kernel_word(std::string_view word, Config& config) {
  constexpr std::string_view kBlacklist = "modprobe.blacklist=";
  if (word.starts_with(kBlacklist)) {
    std::istringstream names{std::string(word.substr(kBlacklist.size()))};
    for (std::string name; std::getline(names, name, ',');)
      config.blacklist.insert(modtree::with_underscores(name));
    return;
  }
  auto dot = word.find('.');
  if (dot == word.npos || dot == 0 || word.find('=') < dot) return;
  append(config.options[modtree::with_underscores(word.substr(0, dot))], word.substr(dot + 1));
}

// Words end at spaces outside of double quotes; what follows "--" is init's.
void take_command_line(std::string_view line, Config& config) {
  std::size_t start = 0;
  bool quoted = false;
  for (std::size_t at = 0; at <= line.size(); ++at) {
    bool ends = at == line.size() || (!quoted && (line[at] == ' ' || line[at] == '\n'));
    if (!ends) {
      quoted ^= line[at] == '"';
      continue;
    }
    auto word = line.substr(start, at - start);
    if (word == "--") return;
    take_kernel_word(word, config);
    start = at + 1;
  }
}

}  // namespace

Config read_config(const std::vector<fs::path>& folders, const fs::path& command_line) {
  std::map<std::string, fs::path> files;
  for (const auto& folder : folders) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (entry.path().extension() == ".conf")
        files.try_emplace(entry.path().filename().native(), entry.path());
  }
  Config config;
  for (const auto& [name, path] : files) take_file(path, config);
  take_command_line(read_small(command_line).value_or(""), config);
  return config;
}

Config read_config() {
  return read_config({"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d",
                      "/usr/lib/modprobe.d", "/lib/modprobe.d"},
                     "/proc/cmdline");
}

}  // namespace ringside::loader
