// Where the kinds start: modules as they were built, read whole.
#include "core/modules/rules.hh"
#include "tests/modules/kinds.hh"
#include "user/modules/module_file.hh"

namespace ringside::modules::test {

namespace fs = std::filesystem;

std::optional<Files> files_for(const std::string& release, const fs::path& tree) {
  auto build = fs::read_symlink("/proc/self/exe").parent_path();
  while (build.has_relative_path() && !fs::exists(build / "modules")) build = build.parent_path();
  auto read = [](const fs::path& path) {
    auto file = ModuleFile::open(path);
    return file ? Buffer(file->bytes().begin(), file->bytes().end()) : Buffer();
  };
  Files files;
  std::string foreign;
  for (const auto& entry : fs::directory_iterator(build / "modules")) {
    auto name = entry.path().filename().native();
    if (name == release) {
      files.subject = read(entry.path() / "ringside_subject.ko");
      files.provider = read(entry.path() / "ringside_provider.ko");
    } else if (rules_for(name) != rules_for(release) && (foreign.empty() || name < foreign)) {
      foreign = name;  // the first by name is of the plain flavour
    }
  }
  files.foreign = read(build / "modules" / foreign / "ringside_subject.ko");
  for (const char* name : {"crc7.ko", "crc7.ko.xz"})
    if (files.stock.empty()) files.stock = read(tree / "kernel/lib" / name);
  for (const auto* file : {&files.subject, &files.provider, &files.foreign, &files.stock})
    if (file->empty()) return std::nullopt;
  return files;
}

}  // namespace ringside::modules::test
