// Survey: what the devices of one host are now, against what the kernel has of them. It sends
// commands and changes nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/scsi/scan.hh"
#include "user/scsi/bsg.hh"
#include "user/scsi/sysfs.hh"

namespace ringside::scsi {

enum class State : std::uint8_t {
  kKnown,     // it is as the kernel has it
  kNew,       // its target lists it, and the kernel does not have it
  kGone,      // its target says that there is none, or nobody answers
  kSilent,    // no answer that could be used: left as it is
  kNotAsked,  // the kernel does not run it (offline, blocked)
  kResized,   // another size
  kReplaced,  // another unit at its address
};
std::string_view name_of(State state);

struct Unit {
  Device device;  // of kNew: its address alone
  State state = State::kKnown;
  std::string why;          // for a person; empty where the state says it all
  std::uint64_t bytes = 0;  // of a disk, now; 0: not known
  bool is_listed = false;   // by its target
};

struct HostSurvey {
  unsigned host = 0;
  std::vector<Unit> units;            // by address
  std::vector<Goal> sequences;        // targets without a list: what they have can only be tried
  std::vector<std::string> warnings;  // what the targets got wrong
};

struct SurveySettings {
  Selection selection;
  std::span<const Quirk> quirks;
  unsigned slots = 256;  // commands at once
  bool compares = true;  // sizes and identities of known devices
  std::function<void(std::size_t done, std::size_t total)> progress;
};

Outcome<HostSurvey> survey(const Sysfs& sysfs, unsigned host, const SurveySettings& settings);

// Asks these addresses once more, each by itself; one verdict an address, in order.
Outcome<std::vector<Verdict>> ask_again(const Sysfs& sysfs, unsigned host,
                                        std::span<const Address> addresses, unsigned slots);

}  // namespace ringside::scsi
