// Changes: what a survey has found, put into effect: devices added, removed, read again. The
// kernel asks every device once more before it adds it, and so do we before one is removed.
#pragma once

#include <string>
#include <vector>

#include "user/scsi/survey.hh"

namespace ringside::scsi {

struct Wishes {
  bool add = false, remove_gone = false, resize = false, update = false;
  bool force = false;    // remove what somebody holds, too
  bool dry_run = false;  // only say what would be done
};

enum class Deed : std::uint8_t {
  kNone,
  kAdded,
  kRemoved,
  kResized,
  kUpdated,  // removed, and what is there now added
  kRefused,  // it was wished, and was not done: see `why`
};
std::string_view name_of(Deed deed);

struct Row {
  Unit unit;
  Deed deed = Deed::kNone;
  bool is_dry = false;  // it would be done
  std::string why;      // of the deed
};

struct HostReport {
  unsigned host = 0;
  std::vector<Row> rows;  // by address
  std::vector<std::string> warnings;
};

// Scans one host from user space: surveys it, and does what is wished. With `add` targets are
// looked for that the kernel does not have yet, which takes a device for a moment where one has no
// LUN 0.
Outcome<HostReport> scan_host(const Sysfs& sysfs, unsigned host, const SurveySettings& settings,
                              const Wishes& wishes);

// Has the kernel scan by itself, and says what it has added.
Outcome<HostReport> scan_host_stock(const Sysfs& sysfs, unsigned host, const Selection& selection);

}  // namespace ringside::scsi
