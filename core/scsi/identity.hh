// Identity: what tells one unit from another that took its place: its designators (VPD page 83h)
// and its serial number (80h). SPC-4, 7.8.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.hh"

namespace ringside::scsi {

inline constexpr std::uint8_t kSerialPage = 0x80, kIdentityPage = 0x83;

struct Designator {
  std::uint8_t type = 0;  // SPC's: 1 T10 vendor, 2 EUI-64, 3 NAA, 8 name ...
  bool is_text = false;   // else binary
  Bytes value;            // in the page
};

// The next designator of a unit itself (not of its port or target) in the rest of a page's list;
// nothing at its end. `rest` moves on. What is damaged ends the list.
std::optional<Designator> next_designator(Bytes& rest);

// The list in a page 83h, without its header; empty where it is no such page. A page cut short
// gives what it has.
Bytes designators_of(Bytes page);

// The one that says most: NAA of 16 bytes, other NAA, EUI-64, a name, T10's, as udev has it.
std::optional<Designator> identity_of(Bytes page);

// The serial number of a page 80h, without spaces around it; empty where there is none.
Bytes serial_of(Bytes page);

}  // namespace ringside::scsi
