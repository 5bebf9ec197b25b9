// Discovery: targets that the kernel has no device of. Only the kernel can ask them: it is told to
// add LUN 0 of each, or, where that is none, the unit that knows the list of LUNs.
#pragma once

#include <vector>

#include "user/scsi/sysfs.hh"

namespace ringside::scsi {

// Tries the selected targets of a host, of channel after channel, up to the host's own limits.
// Returns the well-known units that were added only to ask them, for the caller to remove.
std::vector<Address> discover(const Sysfs& sysfs, unsigned host, const Selection& selection);

}  // namespace ringside::scsi
