// ringside list: every loaded module, one line each, or all that is known of it as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/module_kernel.hh"
#include "user/loader/inventory.hh"
#include "user/space/space.hh"

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

using Spaces = std::vector<rs_space_record>;
constexpr const char* kParts[] = {"text", "rodata", "data"};

// What a part takes beyond its bytes: it has pages of its own.
std::uint64_t rounding_of(std::uint64_t bytes) {
  constexpr std::uint64_t kPage = 4096;
  return (kPage - bytes % kPage) % kPage;
}

json to_json(const rs_space_record& space) {
  json parts = json::array();
  for (std::uint32_t part = 0; part < RS_SPACE_PARTS; ++part)
    parts.push_back({{"part", kParts[part]},
                     {"address", hex(space.address[part])},
                     {"bytes", space.bytes[part]},
                     {"rounding", rounding_of(space.bytes[part])}});
  return {{"name", space.name},
          {"state", space::state_name(space.state)},
          {"owner", space.owner},
          {"running", space.running},
          {"parts", parts}};
}

void print_text(const rs_space_record& space) {
  std::string parts;
  std::uint64_t bytes = 0, lost = 0;
  for (std::uint32_t part = 0; part < RS_SPACE_PARTS; ++part) {
    bytes += space.bytes[part], lost += rounding_of(space.bytes[part]);
    if (space.bytes[part])
      parts += fmt::format(" {}@{:#x}+{}", kParts[part], space.address[part], space.bytes[part]);
  }
  fmt::print("space {}: {}, {} bytes, {} lost, {} calls running, opened by process {};{}\n",
             space.name, space::state_name(space.state), bytes, lost, space.running, space.owner,
             parts);
}

// None where the module that gives them is not loaded; root alone may ask it.
Outcome<Spaces> find_spaces() {
  std::error_code error;
  if (!std::filesystem::exists(RS_SPACE_DEVICE, error)) return Spaces{};
  auto space = TRY(space::Space::open());
  return space.list();
}

void print_json(const std::vector<Entry>& entries, const Outcome<Spaces>& spaces,
                modules::Kernel* kernel) {
  json modules = json::array();
  for (const auto& entry : entries) modules.push_back(to_json(entry));
  json placed = json::array();
  for (const auto& space : spaces ? *spaces : Spaces()) placed.push_back(to_json(space));
  json all = {{"kernel",
               {{"release", kernel ? json(kernel->release()) : json()},
                {"build-id", kernel ? json(kernel->image().build_id()) : json()}}},
              {"modules", modules},
              {"spaces", spaces ? placed : json()}};
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

// Without the kernel's image the list is shorter, or without the spaces, and stderr says why.
Outcome<Nothing> run(bool as_json) {
  auto kernel = open_running_kernel();
  auto* described = kernel ? &*kernel : nullptr;
  auto entries = TRY(loader::take_inventory(described));
  auto spaces = find_spaces();
  if (!kernel) fmt::print(stderr, "ringside list: no sizes: {}\n", kernel.error().message);
  if (!spaces) fmt::print(stderr, "ringside list: no spaces: {}\n", spaces.error().message);
  if (as_json) return print_json(entries, spaces, described), ok;
  print_text(entries);
  for (const auto& space : spaces ? *spaces : Spaces()) print_text(space);
  return ok;
}

}  // namespace

int list(int argc, char** argv) {
  App app{"What is loaded into the running kernel.", "ringside list"};
  bool as_json = false;
  app.add_flag("--json", as_json, "all that is known, section addresses too, as one JSON object");
  app.footer(
      "Example: ringside list --json\n"
      "Exit status: 0, or 2 where the kernel's list cannot be read.");
  return finish(app, argc, argv, [&] { return run(as_json); });
}

}  // namespace ringside::cli
