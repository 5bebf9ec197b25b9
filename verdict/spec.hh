// Spec: what a verdict is about, from a data file (services.json): the services, where each side's
// glue is, which results are the two placements' of one operation, and the thresholds by which a
// point speaks for a side. No figure that was measured is in it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "user/base/failure.hh"

namespace ringside::verdict {

struct Thresholds {
  double cost_ratio = 0;               // user / kernel: what is less is no difference
  double cpu_share = 0;                // of a CPU, that user space may cost more at the rate
  double instructions_per_second = 0;  // of a CPU
  double branch_ratio = 0;             // user / kernel glue: what is more is not simpler
  double changed_share = 0;            // of the symbols that the kernel glue imports
  double files_more = 0;               // that user space may need more before the root
  double back_seconds = 0;             // within which a service that is contained is back
  double least_points = 0;             // measured, or the recommendation stays open
};

// Which rows; an empty member matches all, an operation ending in '*' what begins so.
struct Selector {
  std::string service, placement, operation;
  nlohmann::json parameters = nlohmann::json::object();  // these members, if they are there
};

// One operation, done on either side. `size` names the parameter by which it was measured at
// several sizes; `rate` is how often a second a machine that does little else asks for it.
struct Pair {
  std::string what, unit, accelerator, size, why;
  double rate = 0;
  Selector user, kernel;
  std::optional<Selector> stock;
};

struct Service {
  std::string name, title;
  std::string bench;                                     // the command that measures its pairs
  std::vector<std::string> modules;                      // that are its kernel glue
  std::map<std::string, std::vector<std::string>> glue;  // "core", "user", "kernel": folders, files
  bool before_root = false;  // is it asked before the root file system is there?
  std::vector<Pair> pairs;
};

struct Spec {
  Thresholds thresholds;
  std::vector<std::string> kernels;  // that a verdict is about if no other is named
  std::vector<Service> services;

  const Service* find(const std::string& name) const;
};

// Fails where a member is missing, unknown or of another type; the message names it and `path`.
Outcome<Spec> parse_spec(const std::string& text, const std::string& path);
Outcome<Spec> read_spec(const std::string& path);

}  // namespace ringside::verdict
