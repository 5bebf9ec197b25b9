// Everything named is checked first; then the closure over holders is the order of unloading.
#include "user/loader/unload.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "user/loader/lock.hh"
#include "user/loader/system.hh"
#include "user/modtree/closure.hh"

namespace ringside::loader {
namespace {

using Names = std::vector<std::string>;

bool holds(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Fails where `module` stays held once all of `names` are gone.
Outcome<Nothing> check(const Loaded& module, const Names& names) {
  Names others;
  for (const auto& holder : module.holders)
    if (!holds(names, holder)) others.push_back(holder);
  if (!others.empty())
    return Failure{fmt::format("{}: in use by {}", module.name, fmt::join(others, " ")), kNo};
  if (module.references < 0)
    return Failure{fmt::format("{}: this kernel cannot unload it", module.name), kNo};
  auto rest = module.references - static_cast<std::int64_t>(module.holders.size());
  if (rest > 0)
    return Failure{fmt::format("{}: in use {} time{}, by no module: a mount, a device or an open "
                               "file holds it",
                               module.name, rest, rest == 1 ? "" : "s"),
                   kNo};
  return ok;
}

}  // namespace

// Holders are what must go first: their closure is the order.
Outcome<Names> unload_order(const Names& words, const Roots& roots) {
  Names names;
  for (const auto& word : words) names.push_back(modtree::with_underscores(word));
  for (const auto& name : names) {
    auto module = loaded_module(name, roots);
    if (!module) return Failure{fmt::format("{}: not loaded", name), kNo};
    TRY(check(*module, names));
  }
  return modtree::closure(names, [&](const std::string& name) -> Outcome<Names> {
    auto module = loaded_module(name, roots);
    return module ? module->holders : Names();
  });
}

int remove_module(const std::string& name, const Roots& roots) {
  auto lock = take_lock(Sharing::kAlone, roots);
  auto error = delete_module(name);
  if (error == 0) drop_record(name, roots);
  return error;
}

Outcome<Nothing> unload(const Names& names, const Roots& roots) {
  for (const auto& name : TRY(unload_order(names, roots)))
    if (auto error = remove_module(name, roots))
      return Failure{fmt::format("{}: not unloaded: {}", name, std::strerror(error)),
                     error == EPERM ? kUnknown : kNo};
  return ok;
}

}  // namespace ringside::loader
