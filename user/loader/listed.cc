// The schema is that of cli/list.cc; what is missing or of another kind makes the whole file no
// list.
#include "user/loader/listed.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "user/loader/small_file.hh"

namespace ringside::loader {
namespace {

using nlohmann::json;

std::uint64_t address_of(const json& value) {
  return value.is_null() ? 0 : std::stoull(value.get<std::string>(), nullptr, 16);
}

Listed listed_of(const json& module) {
  Listed listed;
  listed.build_id = module.at("build-id").get<std::string>();
  listed.instance = module.at("instance").get<std::uint64_t>();
  if (!module.at("file").is_null()) listed.file = module.at("file").get<std::string>();
  for (const auto& [name, address] : module.at("sections").items())
    listed.sections[name] = address_of(address);
  listed.percpu = address_of(module.at("per-cpu").at("address"));
  return listed;
}

}  // namespace

Outcome<List> read_list(const std::filesystem::path& file, const std::string& build_id) {
  auto text = read_small(file);
  if (!text) return system_failure("read", file);
  List list;
  try {
    auto all = json::parse(*text);
    auto kernel = all.at("kernel").at("build-id").get<std::string>();
    if (kernel != build_id)
      return Failure{fmt::format("{}: a list of another kernel (expected build-id {}, found {})",
                                 file.native(), build_id, kernel)};
    for (const auto& module : all.at("modules"))
      list[module.at("name").get<std::string>()] = listed_of(module);
  } catch (const std::exception& error) {
    return Failure{
        fmt::format("{}: not what ringside list --json prints: {}", file.native(), error.what())};
  }
  return list;
}

}  // namespace ringside::loader
