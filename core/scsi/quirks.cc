#include "core/scsi/quirks.hh"

#include "core/scsi/inquiry.hh"

namespace ringside::scsi {

std::span<const FlagName> flag_names() {
  static constexpr FlagName kNames[] = {
      {"nolun", kNoLun},
      {"forcelun", kForceLun},
      {"sparselun", kSparseLun},
      {"max5lun", kMax5Lun},
      {"isrom", kIsRom},
      {"largelun", kLargeLun},
      {"inquiry-36", kInquiry36},
      {"reportluns2", kReportLuns2},
      {"noreportluns", kNoReportLuns},
  };
  return kNames;
}

Flags flags_of(std::span<const Quirk> quirks, Bytes inquiry) {
  auto vendor = trimmed(vendor_of(inquiry)), model = trimmed(model_of(inquiry));
  for (const auto& quirk : quirks)
    if (vendor == quirk.vendor && model.starts_with(quirk.model)) return quirk.flags;
  return 0;
}

}  // namespace ringside::scsi
