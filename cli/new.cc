// ringside new: the skeleton of a user's own service, made of one that is whole and works
// (verdict/specimen): each "specimen" in it, in names and in texts, becomes the new name.
#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/root.hh"
#include "cli/write_file.hh"

namespace ringside::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSample = "specimen";

// It names C functions, a module and a device.
std::string complaint_of(std::string& name) {
  static const std::regex kName("[a-z][a-z0-9_]{0,30}");
  if (std::regex_match(name, kName)) return "";
  return fmt::format("'{}' is no name: expected small letters, digits and _, at most 31", name);
}

std::string upper(std::string text) {
  for (auto& letter : text) letter = static_cast<char>(std::toupper(letter));
  return text;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::string renamed(const std::string& text, const std::string& name) {
  return replaced(replaced(text, kSample, name), upper(kSample), upper(name));
}

Outcome<Nothing> put(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  return write_file(path, text);
}

Outcome<Nothing> copy(const fs::path& from, const fs::path& to, const std::string& name) {
  std::ifstream file(from);
  if (!file) return system_failure("open", from);
  TRY(put(to, renamed(std::string(std::istreambuf_iterator<char>(file), {}), name)));
  fs::permissions(to, fs::status(from).permissions());
  return ok;
}

Outcome<Nothing> make(const std::string& name) {
  auto root = TRY(find_root());
  std::error_code error;
  if (fs::exists(name, error)) return Failure{name + ": is there already; nothing was made", kNo};
  auto sample = root / "verdict" / kSample;
  for (const auto& entry : fs::recursive_directory_iterator(sample))
    if (entry.is_regular_file()) {
      auto inside = renamed(fs::relative(entry.path(), sample), name);
      TRY(copy(entry.path(), fs::path(name) / inside, name));
    }
  TRY(put(fs::path(name) / "paths.mk",
          fmt::format("RINGSIDE ?= {}\nROOT ?= {}\n", fs::read_symlink("/proc/self/exe").string(),
                      root.string())));
  fmt::print("{0}/: core, both sides' glue, tests, bench. Next: make -C {0} test\n", name);
  return ok;
}

}  // namespace

int new_service(int argc, char** argv) {
  App app{"The skeleton of a service of your own: a core, two sides' glue, a bench, tests.",
          "ringside new"};
  std::string name;
  app.add_option("NAME", name, "of the service, and of the folder that is made")
      ->required()
      ->check(complaint_of, "NAME");
  app.footer(
      "Example: ringside new digest && make -C digest test bench verdict\n"
      "Exit status: 0 made, 1 there is such a folder already, 2 it cannot be written.");
  return finish(app, argc, argv, [&] { return make(name); });
}

}  // namespace ringside::cli
