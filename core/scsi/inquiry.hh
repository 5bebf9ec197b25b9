// Inquiry: how much of a unit's standard data is asked for, how often, and whether there is a
// device behind it (drivers/scsi/scsi_scan.c: scsi_probe_lun, scsi_probe_and_add_lun).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/scsi/command.hh"
#include "core/scsi/quirks.hh"

namespace ringside::scsi {

inline constexpr std::uint16_t kShortInquiry = 36;
inline constexpr std::size_t kInquiryMax = 255;
using InquiryData = std::array<std::byte, kInquiryMax + 1>;

enum class Type : std::uint8_t {
  kDisk = 0,
  kTape = 1,
  kRom = 5,
  kRbc = 0x0e,
  kWellKnown = 0x1e,
  kNone = 0x1f
};

// Views in the data, which has 36 bytes at least.
inline std::string_view text_in(Bytes data, std::size_t at, std::size_t size) {
  return {reinterpret_cast<const char*>(data.data()) + at, size};
}
inline std::string_view vendor_of(Bytes data) {
  return text_in(data, 8, 8);
}
inline std::string_view model_of(Bytes data) {
  return text_in(data, 16, 16);
}
inline std::string_view revision_of(Bytes data) {
  return text_in(data, 32, 4);
}
std::string_view trimmed(std::string_view text);  // without spaces around it

inline std::uint8_t qualifier_of(Bytes data) {
  return load<std::uint8_t>(data, 0) >> 5;
}
// Linux' count of standards: 0 unknown, 1 SCSI-1, 2 CCS, 3 SCSI-2, 4 SPC, 5 SPC-2 ...
inline constexpr unsigned kScsi2 = 3, kScsi3 = 4;
unsigned level_of(Bytes data);
// What stands in sysfs as the device's type.
std::uint8_t type_of(Bytes data, Lun lun, Flags flags);

enum class Verdict : std::uint8_t {
  kDevice,    // to be added
  kNoDevice,  // a target answers, and has no device there
  kSilent,    // no answer that could be used
};
Verdict judge(Bytes data, Lun lun);

// One unit asked, from its first INQUIRY to a verdict: 36 bytes, then as many as there are, then 36
// again where that went wrong. Each length is asked for three times at most.
class Inquiry {
 public:
  void start(Lun lun);

  std::uint16_t wanted() const { return wanted_; }
  // Whether it is over: then verdict() and the rest are there. Else wanted() is to be asked for.
  bool replied(const Reply& reply, std::span<const Quirk> quirks);

  Verdict verdict() const { return verdict_; }
  Delivery delivery() const { return delivery_; }  // of the last reply: why it is silent
  // Texts are printable: other bytes are spaces, as are all behind a NUL. Empty where silent.
  Bytes data() const { return Bytes(data_).first(size_); }
  Flags flags() const { return flags_; }
  unsigned level() const { return level_of(data_); }

 private:
  bool good(Bytes data, std::span<const Quirk> quirks);
  bool failed();
  bool ask(std::uint16_t bytes, std::uint8_t pass);
  bool ended(Verdict verdict);

  Lun lun_ = 0;
  Flags flags_ = 0;
  std::uint16_t wanted_ = kShortInquiry, size_ = 0;
  std::uint8_t pass_ = 1, tries_ = 0;
  Verdict verdict_ = Verdict::kSilent;
  Delivery delivery_ = Delivery::kAnswered;
  InquiryData data_{};
};

}  // namespace ringside::scsi
