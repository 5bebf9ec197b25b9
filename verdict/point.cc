#include "verdict/point.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace ringside::verdict {
namespace {

bool matches(const std::string& wanted, const std::string& found) {
  if (wanted.empty()) return true;
  if (!wanted.ends_with('*')) return wanted == found;
  return found.starts_with(wanted.substr(0, wanted.size() - 1));
}

bool matches(const nlohmann::json& wanted, const nlohmann::json& found) {
  for (const auto& [name, value] : wanted.items())
    if (!found.contains(name) || found[name] != value) return false;
  return true;
}

bool matches(const Selector& selector, const Row& row) {
  return matches(selector.service, row.service) && matches(selector.placement, row.placement) &&
         matches(selector.operation, row.operation) && matches(selector.parameters, row.parameters);
}

}  // namespace

const char* to_text(Side side) {
  constexpr const char* kTexts[] = {"user", "kernel", "even", "open"};
  return kTexts[static_cast<int>(side)];
}

const char* to_text(Change change) {
  constexpr const char* kTexts[] = {"same", "CRC changed", "prototype changed", "not everywhere",
                                    "not exported"};
  return kTexts[static_cast<int>(change)];
}

// A kernel that has the symbol, and whose build of the modules does not import it, has no say in
// whether it is exported.
Change change_of(const std::vector<Symbol>& across) {
  Change change = Change::kSame;
  auto worst = [&](Change other) { change = std::max(change, other); };
  for (const auto& symbol : across) {
    if (symbol.exported == "absent") worst(Change::kAbsent);
    if (symbol.exported == "no" && symbol.imported) worst(Change::kUnexported);
    if (symbol.exported == "absent" || across[0].exported == "absent") continue;
    if (symbol.crc != across[0].crc) worst(Change::kCrc);
    bool known = !symbol.prototype.empty() && !across[0].prototype.empty();
    if (known && symbol.prototype != across[0].prototype) worst(Change::kPrototype);
  }
  return change;
}

std::vector<const Row*> Question::find_all(const Selector& selector, const std::string& unit,
                                           const std::string& accelerator) const {
  std::vector<const Row*> found;
  for (const auto& row : rows)
    if ((row.kernel == kernel || row.kernel == "any") && matches(unit, row.unit) &&
        matches(accelerator, row.accelerator) && matches(selector, row))
      found.push_back(&row);
  return found;
}

const Row* Question::find(const Selector& selector, const std::string& unit,
                          const std::string& accelerator) const {
  auto found = find_all(selector, unit, accelerator);
  return found.empty() ? nullptr : found.back();
}

Figure figure_of(const Row& row, std::string what, std::string side) {
  return {std::move(what), std::move(side), row.median,      row.spread(), row.unit,
          row.kernel,      row.machine,     row.accelerator, row.command,  row.peer};
}

std::string number_text(double value) {
  double size = std::abs(value);
  if (size >= 1e9) return fmt::format("{:.3g} G", value / 1e9);
  if (size >= 1e7) return fmt::format("{:.3g} M", value / 1e6);
  if (size < 1000) return fmt::format("{:.4g}", value);
  auto thousands = std::llround(size) / 1000, rest = std::llround(size) % 1000;
  auto head = fmt::format("{}{}", value < 0 ? "-" : "", thousands % 1000);
  if (thousands >= 1000) head = fmt::format("{},{:03}", thousands / 1000, thousands % 1000);
  return fmt::format("{},{:03}", head, rest);
}

std::string size_text(double value, const std::string& unit) {
  if (unit == "bytes" && value >= 1024)
    for (auto [name, shift] : {std::pair{"GiB", 30}, {"MiB", 20}, {"KiB", 10}})
      if (double size = std::ldexp(value, -shift); size >= 1)
        return fmt::format("{:.4g} {}", size, name);
  return number_text(value) + " " + unit;
}

std::string count_text(std::size_t count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace ringside::verdict
