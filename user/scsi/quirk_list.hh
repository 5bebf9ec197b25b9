// QuirkList: quirks out of a file. A line is vendor, model and flags, separated by tabs; flags are
// names (core/scsi/quirks.hh) with commas between them. A vendor is meant whole, a model by its
// beginning, so an empty model is any. What begins with '#' is a comment.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "core/scsi/quirks.hh"
#include "user/base/failure.hh"

namespace ringside::scsi {

class QuirkList {
 public:
  // Adds a file's rows behind those that are there: the first that fits counts. Fails with the line
  // that is wrong, or where the file cannot be read.
  Outcome<Nothing> add(const std::filesystem::path& file);

  // /etc/ringside/scsi-quirks, where it is there, and then ours.
  static Outcome<QuirkList> standard();

  // Valid as long as nothing is added.
  std::span<const Quirk> rows() const { return rows_; }

 private:
  Outcome<Nothing> add_line(const std::string& line, const std::string& where);

  std::deque<std::string> texts_;  // what the rows are views of
  std::vector<Quirk> rows_;
};

}  // namespace ringside::scsi
