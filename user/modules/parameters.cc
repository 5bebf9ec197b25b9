// parmtype= and parm= of .modinfo against the operations that the kernel or the module has.
#include "user/modules/parameters.hh"

#include <algorithm>

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

bool module_has(const Module& module, std::string_view name) {
  const auto& object = module.object();
  for (std::uint32_t index = 1; index < object.symbol_count(); ++index)
    if (object.symbol_name(object.symbol(index)) == name) return true;
  return false;
}

Reason note(const char* what, const Parameter& parameter, std::string found, const char* advice) {
  return {"parameter-type", Severity::kNote, what, std::string(parameter.name), {},
          std::move(found), advice};
}

}  // namespace

std::vector<Reason> check_parameters(const Module& module,
                                     const std::function<bool(std::string_view)>& has_export) {
  std::vector<Reason> notes;
  Modinfo::Cursor cursor(module.modinfo());
  while (auto entry = cursor.next()) {
    if (entry->key != "parmtype") continue;
    auto parameter = split(entry->value);
    auto type = parameter.type;
    if (type.starts_with(kArrayOf)) type.remove_prefix(kArrayOf.size());
    auto operations = "param_ops_" + std::string(type);
    if (type.empty() || (!has_export(operations) && !module_has(module, operations)))
      notes.push_back(note("parameter of a type without operations", parameter,
                           std::string(parameter.type), "use a type of linux/moduleparam.h"));
  }
  return notes;
}

}  // namespace ringside::modules
