#include "user/scsi/quirk_list.hh"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <optional>

namespace ringside::scsi {
namespace {

namespace fs = std::filesystem;

std::optional<Flag> flag_of(std::string_view name) {
  for (const auto& each : flag_names())
    if (each.name == name) return each.flag;
  return std::nullopt;
}

// What comes before `end`, taken off `rest`; all of it where there is no `end`.
std::string_view take(std::string_view& rest, char end) {
  auto at = std::min(rest.find(end), rest.size());
  auto taken = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return taken;
}

Outcome<Flags> flags_of(std::string_view names, const std::string& where) {
  Flags flags = 0;
  while (!names.empty()) {
    auto name = take(names, ',');
    auto flag = flag_of(name);
    if (!flag) return Failure{fmt::format("{}: no flag '{}'", where, name)};
    flags |= *flag;
  }
  return flags;
}

// Ours: installed, or beside the command in a build.
Outcome<fs::path> own_list() {
  std::error_code error;
  auto directory = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& file :
       {directory / "scsi-quirks", directory.parent_path() / "share/ringside/scsi-quirks"})
    if (fs::exists(file, error)) return file;
  return Failure{
      fmt::format("{}/scsi-quirks: not there, nor in ../share/ringside", directory.native())};
}

}  // namespace

Outcome<QuirkList> QuirkList::standard() {
  QuirkList list;
  fs::path local = "/etc/ringside/scsi-quirks";
  std::error_code error;
  if (fs::exists(local, error)) TRY(list.add(local));
  TRY(list.add(TRY(own_list())));
  return list;
}

Outcome<Nothing> QuirkList::add(const fs::path& file) {
  std::ifstream lines(file);
  if (!lines) return system_failure("open", file);
  unsigned number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    TRY(add_line(line, fmt::format("{}: line {}", file.native(), number)));
  }
  return ok;
}

Outcome<Nothing> QuirkList::add_line(const std::string& line, const std::string& where) {
  std::string_view rest = texts_.emplace_back(line);
  Quirk quirk;
  quirk.vendor = take(rest, '\t');
  quirk.model = take(rest, '\t');
  if (rest.empty() || rest.find('\t') != rest.npos)
    return Failure{where + ": expected vendor, model and flags with a tab between them"};
  if (quirk.vendor.size() > 8 || quirk.model.size() > 16)
    return Failure{where + ": a vendor has 8 characters at most, a model 16"};
  quirk.flags = TRY(flags_of(rest, where));
  rows_.push_back(quirk);
  return ok;
}

}  // namespace ringside::scsi
