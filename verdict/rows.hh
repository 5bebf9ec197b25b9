// Rows: results of benches and of what is measured for a verdict, read strictly. A verdict reads
// nothing else (docs/results.md has the fields), so that whatever it says can be traced to a line,
// and the line to a command.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "user/base/failure.hh"

namespace ringside::verdict {

struct Row {
  std::string service, placement, operation, kernel, machine, accelerator, metric, unit, peer,
      command, commit;
  nlohmann::json parameters = nlohmann::json::object();
  double median = 0;         // in `unit`, as are:
  double low = 0, high = 0;  // between these lies the middle half of the samples

  // Half of that range, as a part of the median: one sample that was disturbed does not count.
  double spread() const { return median == 0 ? 0 : (high - low) / 2 / median; }

  // That parameter, or null, of which a loop has no rounds.
  const nlohmann::json& parameter(const char* name) const;
};

// The rows of a text of JSON lines, in its order. Fails at the first line that is no result, whole
// and of the schema that is known; the message names `path`, the line and the member.
Outcome<std::vector<Row>> parse_rows(std::string_view text, const std::string& path);

// Those of a file, or of every .jsonl file in a folder, by name. Fails also where there is none.
Outcome<std::vector<Row>> read_rows(const std::string& path);

}  // namespace ringside::verdict
