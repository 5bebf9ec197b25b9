// Quirks: devices that want to be scanned otherwise, by what their INQUIRY says. The flags are
// those of Linux (include/scsi/scsi_devinfo.h) as far as they change what a scan decides; the
// others take effect in whoever drives the device.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/bytes.hh"

namespace ringside::scsi {

enum Flag : std::uint32_t {
  kNoLun = 1u << 0,         // ask LUN 0 only
  kForceLun = 1u << 1,      // ask as many LUNs as the host allows, up to the first hole
  kSparseLun = 1u << 6,     // the same, over holes
  kMax5Lun = 1u << 7,       // none beyond LUN 4
  kIsRom = 1u << 8,         // it is a CD-ROM, whatever it says
  kLargeLun = 1u << 9,      // LUNs beyond 7 though it is SCSI-2
  kInquiry36 = 1u << 10,    // never ask for more than 36 bytes of INQUIRY
  kReportLuns2 = 1u << 17,  // REPORT LUNS though it is SCSI-2
  kNoReportLuns = 1u << 18  // never REPORT LUNS
};
using Flags = std::uint32_t;

struct FlagName {
  std::string_view name;
  Flag flag;
};
// "nolun", "sparselun" ...: as the list of quirks calls them.
std::span<const FlagName> flag_names();

// A row. A vendor is compared whole, a model by its beginning; spaces around both do not count.
struct Quirk {
  std::string_view vendor, model;  // at most 8 and 16 bytes
  Flags flags = 0;
};

// Of the first row that fits, or 0. `inquiry` has 36 bytes at least.
Flags flags_of(std::span<const Quirk> quirks, Bytes inquiry);

}  // namespace ringside::scsi
