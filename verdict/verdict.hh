// Verdict: the five points of one service on one kernel, and what follows from them.
#pragma once

#include <string>
#include <vector>

#include "verdict/point.hh"

namespace ringside::verdict {

struct Verdict {
  std::string service, title, kernel;  // kernel: the release
  std::vector<Point> points;           // in the order of docs/verdict.md
  Side recommendation = Side::kOpen;   // where the service belongs; even: either will do
  bool provisional = false;            // something is missing
  std::vector<std::string> reasons, changes, missing;
};

// `rows` are all that is known; `kernels` releases, which interfaces are compared over.
Verdict judge(const Service& service, const Thresholds& limits, const std::vector<Row>& rows,
              const std::string& kernel, const std::vector<std::string>& kernels);

// The last release in `rows` that `kernel` means ("6.1" is neither 6.12 nor a flavour of 6.1), or
// `kernel` itself where there is none.
std::string release_of(const std::string& kernel, const std::vector<Row>& rows);

// For a terminal, as an object for a program, and as one page for everybody.
std::string to_text(const Verdict& verdict);
nlohmann::json to_json(const Verdict& verdict);
std::string to_html(const std::vector<Verdict>& verdicts, const Thresholds& limits);

}  // namespace ringside::verdict
