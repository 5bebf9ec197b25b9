// ringside list: every loaded module, one line each, or all that is known of it as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/module_kernel.hh"
#include "user/loader/inventory.hh"

namespace ringside::cli {
namespace {

using loader::Entry;
using nlohmann::json;

std::string hex(std::uint64_t address) {
  return fmt::format("{:#x}", address);
}

json regions_of(const Entry& entry) {
  json regions = json::array();
  for (const auto& region : entry.regions)
    regions.push_back({{"region", region.name},
                       {"init", region.init},
                       {"address", hex(region.address)},
                       {"bytes", region.bytes},
                       {"rounding", region.rounding}});
  return regions;
}

json to_json(const Entry& entry) {
  const auto& module = entry.module;
  json sections = json::object();
  for (const auto& [name, address] : module.sections) sections[name] = hex(address);
  auto known = [&](auto value) { return entry.described ? json(value) : json(); };
  return {{"name", module.name},
          {"placement", placement_name(entry.placement)},
          {"state", module.state},
          {"bytes", module.size},
          {"rounding", known(entry.rounding)},
          {"references", module.references < 0 ? json() : json(module.references)},
          {"holders", module.holders},
          {"taints", module.taints},
          {"build-id", module.build_id},
          {"instance", module.instance},
          {"file", entry.file.empty() ? json() : json(entry.file.native())},
          {"parameters", entry.parameters},
          {"regions", known(regions_of(entry))},
          {"per-cpu",
           {{"bytes", known(entry.percpu_bytes)},
            {"address", entry.percpu_address ? json(hex(entry.percpu_address)) : json()}}},
          {"sections", sections}};
}

void print_json(const std::vector<Entry>& entries, modules::Kernel* kernel) {
  json modules = json::array();
  for (const auto& entry : entries) modules.push_back(to_json(entry));
  json all = {{"kernel",
               {{"release", kernel ? json(kernel->release()) : json()},
                {"build-id", kernel ? json(kernel->image().build_id()) : json()}}},
              {"modules", modules}};
  fmt::print("{}\n", all.dump(2, ' ', false, json::error_handler_t::replace));
}

std::string where(const Entry& entry) {
  std::vector<std::string> texts;
  for (const auto& region : entry.regions)
    if (!region.init && region.address)
      texts.push_back(fmt::format("{}@{:#x}+{}", region.name, region.address, region.bytes));
  if (entry.percpu_bytes) texts.push_back(fmt::format("percpu+{}", entry.percpu_bytes));
  return fmt::format("{}", fmt::join(texts, " "));
}

std::string dash(std::string text) {
  return text.empty() ? "-" : text;
}

void print_text(const std::vector<Entry>& entries) {
  std::size_t width = 4;
  for (const auto& entry : entries) width = std::max(width, entry.module.name.size());
  fmt::print("{:<{}}  {:<9}  {:>8}  {:>6}  {:>4}  {:<6}  {}\n", "NAME", width, "PLACEMENT", "BYTES",
             "LOST", "REFS", "TAINTS", "HELD BY; REGIONS");
  for (const auto& entry : entries) {
    const auto& module = entry.module;
    fmt::print("{:<{}}  {:<9}  {:>8}  {:>6}  {:>4}  {:<6}  {}; {}\n", module.name, width,
               placement_name(entry.placement), module.size,
               entry.described ? fmt::format("{}", entry.rounding) : "?",
               module.references < 0 ? "-" : fmt::format("{}", module.references),
               dash(module.taints), dash(fmt::format("{}", fmt::join(module.holders, " "))),
               dash(where(entry)));
  }
}

// Without the kernel's image the list is shorter, and stderr says why.
Outcome<Nothing> run(bool as_json) {
  auto kernel = open_running_kernel();
  if (!kernel) fmt::print(stderr, "ringside list: no sizes: {}\n", kernel.error().message);
  auto* described = kernel ? &*kernel : nullptr;
  auto entries = TRY(loader::take_inventory(described));
  if (as_json)
    print_json(entries, described);
  else
    print_text(entries);
  return ok;
}

}  // namespace

int list(int argc, char** argv) {
  CLI::App app{"What is loaded into the running kernel.", "ringside list"};
  bool as_json = false;
  app.add_flag("--json", as_json, "all that is known, section addresses too, as one JSON object");
  app.footer(
      "Example: ringside list --json\n"
      "Exit status: 0, or 2 where the kernel's list cannot be read.");
  return finish(app, argc, argv, [&] { return run(as_json); });
}

}  // namespace ringside::cli
