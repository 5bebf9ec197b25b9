// Anything in the file that is not as it was written makes it no record.
#include "user/loader/record.hh"

#include <nlohmann/json.hpp>

#include "user/loader/small_file.hh"

namespace ringside::loader {
namespace {

using nlohmann::json;

constexpr const char* kNames[] = {"stock", "bind", "user", "kernel"};

std::filesystem::path path_of(const std::string& name, const Roots& roots) {
  return roots.run / "modules" / (name + ".json");
}

}  // namespace

const char* placement_name(Placement placement) {
  return kNames[static_cast<int>(placement)];
}

std::optional<Placement> placement_of(std::string_view name) {
  for (int each = 0; each < 4; ++each)
    if (name == kNames[each]) return static_cast<Placement>(each);
  return std::nullopt;
}

Outcome<Nothing> write_record(const Loaded& module, const Record& record, const Roots& roots) {
  json text = {{"placement", placement_name(record.placement)},
               {"instance", module.instance},
               {"build-id", module.build_id},
               {"file", record.file.native()},
               {"parameters", record.parameters}};
  return replace_file(path_of(module.name, roots),
                      text.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

std::optional<Record> read_record(const Loaded& module, const Roots& roots) {
  auto text = json::parse(read_small(path_of(module.name, roots)).value_or(""), nullptr, false);
  if (!text.is_object()) return std::nullopt;
  try {
    auto placement = placement_of(text.at("placement").get<std::string>());
    if (!placement || text.at("instance") != module.instance ||
        text.at("build-id") != module.build_id)
      return std::nullopt;
    return Record{*placement, text.at("file").get<std::string>(),
                  text.at("parameters").get<std::string>()};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::vector<std::string> recorded_names(const Roots& roots) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(roots.run / "modules", error))
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().native());
  return names;
}

void drop_record(const std::string& name, const Roots& roots) {
  std::error_code error;
  std::filesystem::remove(path_of(name, roots), error);
}

}  // namespace ringside::loader
