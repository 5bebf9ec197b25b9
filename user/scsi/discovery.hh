// Discovery: targets that the kernel has no device of. Only the kernel can ask them: it is told to
// add LUN 0 of each, or, where that is none, the unit that knows the list of LUNs.
#pragma once

#include <span>
#include <vector>

#include "core/scsi/quirks.hh"
#include "user/scsi/sysfs.hh"

namespace ringside::scsi {

// Tries the selected targets of a host, of channel after channel, up to the host's own limits.
// Returns the well-known units that were added only to ask them, for the caller to remove.
std::vector<Address> discover(const Sysfs& sysfs, unsigned host, const Selection& selection);

// The same by ringside_scsi.ko: every address of the host is asked, all at once, and what is there
// is added from what was read of it. Returns what the targets got wrong.
Outcome<std::vector<std::string>> discover_direct(const Sysfs& sysfs, unsigned host,
                                                  const Selection& selection,
                                                  std::span<const Quirk> quirks);

}  // namespace ringside::scsi
