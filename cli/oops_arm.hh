// ringside oops arm, disarm, status: the running kernel prints source lines after its own traces.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/options.hh"

namespace ringside::cli {

class ArmCommands {
 public:
  explicit ArmCommands(App& app);
  bool has(const App* chosen) const {
    return chosen == arm_ || chosen == disarm_ || chosen == status_;
  }
  // `debug`: files and folders with debug information. Exit statuses: kYes, or kNo where something
  // that was asked for is not there.
  Outcome<int> run(const App* chosen, const std::vector<std::filesystem::path>& debug) const;

 private:
  bool lines_ = false, json_ = false;
  std::string modules_ = "loaded";
  App *arm_, *disarm_, *status_;
};

}  // namespace ringside::cli
