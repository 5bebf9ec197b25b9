// Holders: who would miss a device, before it is taken away.
#pragma once

#include <string>
#include <vector>

#include "user/scsi/sysfs.hh"

namespace ringside::scsi {

// One line a holder: "mounted on /srv", "multipath mpatha", "LVM vg0-root", "swap", "opened by 412
// (qemu)" ...; none where nobody holds it. `devices` in order; what programs have open is looked
// for once for all of them, where the caller may see it.
std::vector<std::vector<std::string>> holders_of(const Sysfs& sysfs,
                                                 const std::vector<Device>& devices);

}  // namespace ringside::scsi
