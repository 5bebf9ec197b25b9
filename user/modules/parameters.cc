// parmtype= and parm= of .modinfo against the operations that the kernel or the module has.
#include "user/modules/parameters.hh"

#include <algorithm>
#include <set>

namespace ringside::modules {
namespace {

constexpr std::string_view kArrayOf = "array of ";

struct Parameter {
  std::string_view name, type;
};

// "name:type"; of a description, "name:text".
Parameter split(std::string_view value) {
  auto colon = std::min(value.find(':'), value.size());
  return {value.substr(0, colon), value.substr(std::min(colon + 1, value.size()))};
}

constexpr std::string_view kOperations = "param_ops_";

// The types that the module has operations for.
std::set<std::string_view> own_types(const Module& module) {
  const auto& object = module.object();
  std::set<std::string_view> types;
  for (std::uint32_t index = 1; index < object.symbol_count(); ++index) {
    auto name = object.symbol_name(object.symbol(index));
    if (name.starts_with(kOperations)) types.insert(name.substr(kOperations.size()));
  }
  return types;
}

Reason note(const char* what, const Parameter& parameter, std::string found, const char* advice) {
  return {"parameter-type", Severity::kNote, what, std::string(parameter.name), {},
          std::move(found), advice};
}

constexpr std::uint64_t kEntry = 40, kModeAt = 24;  // struct kernel_param and its perm

// The name that each relocation against __param gives to an entry with a mode.
std::vector<std::string_view> shown_names(const Module& module) {
  const auto& object = module.object();
  auto section = object.find_allocated("__param");
  auto entries = object.contents(section);
  std::vector<std::string_view> names;
  for (std::uint32_t index = 1; index < object.sections().size(); ++index) {
    const auto& header = object.sections()[index];
    if (section == 0 || header.type != kSectionRela || header.info != section) continue;
    auto records = object.contents(index);
    for (std::uint64_t at = 0; fits(at, sizeof(Relocation), records.size());
         at += sizeof(Relocation)) {
      auto record = load<Relocation>(records, at);
      bool names_one = record.offset % kEntry == 0 && fits(record.offset, kEntry, entries.size());
      if (names_one && load<std::uint16_t>(entries, record.offset + kModeAt) != 0)
        names.push_back(object.string_at(record.symbol(), record.addend));
    }
  }
  return names;
}

}  // namespace

std::vector<Reason> check_parameters(const Module& module,
                                     const std::function<bool(std::string_view)>& has_export) {
  std::vector<Reason> reasons;
  auto own = own_types(module);
  Modinfo::Cursor cursor(module.modinfo());
  while (auto entry = cursor.next()) {
    if (entry->key != "parmtype") continue;
    auto parameter = split(entry->value);
    auto type = parameter.type;
    if (type.starts_with(kArrayOf)) type.remove_prefix(kArrayOf.size());
    bool known = own.contains(type) || has_export(std::string(kOperations) + std::string(type));
    if (type.empty() || !known)
      reasons.push_back(note("parameter of a type without operations", parameter,
                             std::string(parameter.type), "use a type of linux/moduleparam.h"));
  }
  std::set<std::string_view> seen;
  for (auto name : shown_names(module))
    if (!name.empty() && !seen.insert(name).second)
      reasons.push_back({"parameter-twice",
                         Severity::kRefused,
                         "two parameters of one name",
                         std::string(name),
                         {},
                         {},
                         "sysfs takes a name once"});
  return reasons;
}

}  // namespace ringside::modules
