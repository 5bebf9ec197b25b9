#include "core/scsi/inquiry.hh"

#include <algorithm>
#include <cstring>

#include "core/scsi/sense.hh"

namespace ringside::scsi {
namespace {

constexpr std::uint8_t kTries = 3;

void make_printable(std::span<std::byte> text) {
  bool ended = false;
  for (auto& byte : text) {
    auto value = static_cast<std::uint8_t>(byte);
    ended = ended || value == 0;
    if (ended || value < 0x20 || value > 0x7e) byte = std::byte{' '};
  }
}

// Medium changed, or power on and reset: INQUIRY should not care, many devices do.
bool is_fresh_start(const Sense& sense) {
  return sense.is_valid && sense.key == kUnitAttention &&
         (sense.asc == 0x28 || sense.asc == 0x29) && sense.ascq == 0;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

unsigned level_of(Bytes data) {
  unsigned version = load<std::uint8_t>(data, 2) & 0x0f;
  bool is_ccs = version == 1 && (load<std::uint8_t>(data, 3) & 0x0f) == 1;
  return version >= 2 || is_ccs ? version + 1 : version;
}

std::uint8_t type_of(Bytes data, Lun lun, Flags flags) {
  if (flags & kIsRom) return static_cast<std::uint8_t>(Type::kRom);
  if (is_well_known(lun)) return static_cast<std::uint8_t>(Type::kWellKnown);
  return load<std::uint8_t>(data, 0) & 0x1f;
}

// Qualifier 1 with type 1Fh is how some arrays say "no such unit".
Verdict judge(Bytes data, Lun lun) {
  auto qualifier = qualifier_of(data);
  bool no_type = (load<std::uint8_t>(data, 0) & 0x1f) == static_cast<std::uint8_t>(Type::kNone);
  bool is_nothing = qualifier == 3 || (qualifier == 1 && no_type && !is_well_known(lun));
  return is_nothing ? Verdict::kNoDevice : Verdict::kDevice;
}

// In place: the data is not worth clearing.
void Inquiry::start(Lun lun) {
  lun_ = lun;
  flags_ = 0;
  size_ = 0;
  verdict_ = Verdict::kSilent;
  delivery_ = Delivery::kAnswered;
  ask(kShortInquiry, 1);
}

bool Inquiry::replied(const Reply& reply, std::span<const Quirk> quirks) {
  delivery_ = reply.delivery;
  ++tries_;
  if (is_good(reply)) {
    if (!reply.data.empty()) return good(reply.data, quirks);
    return tries_ < kTries ? false : failed();  // some USB devices send nothing at first
  }
  if (is_fresh_start(complaint_of(reply)) && tries_ < kTries) return false;
  // Once more: a frame may be lost. A device that hangs must not cost more.
  if (reply.delivery == Delivery::kTimedOut && tries_ < 2) return false;
  return failed();
}

// What was not sent is zero.
bool Inquiry::good(Bytes data, std::span<const Quirk> quirks) {
  auto bytes = std::min<std::size_t>(data.size(), wanted_);
  std::memset(data_.data(), 0, data_.size());
  std::memcpy(data_.data(), data.data(), bytes);
  make_printable(std::span(data_).subspan(8, 8));
  make_printable(std::span(data_).subspan(16, 16));
  make_printable(std::span(data_).subspan(32, 4));
  flags_ = flags_of(quirks, data_);
  std::uint16_t has = static_cast<std::uint16_t>(static_cast<std::uint8_t>(data_[4]) + 5u);
  if (has > kInquiryMax) has = kShortInquiry;
  if (pass_ == 1 && has > kShortInquiry && !(flags_ & kInquiry36)) return ask(has, 2);
  size_ = std::max(std::min(wanted_, has), kShortInquiry);
  return ended(judge(data_, lun_));
}

bool Inquiry::failed() {
  if (pass_ == 2) return ask(kShortInquiry, 3);
  return ended(Verdict::kSilent);
}

bool Inquiry::ask(std::uint16_t bytes, std::uint8_t pass) {
  wanted_ = bytes;
  pass_ = pass;
  tries_ = 0;
  return false;
}

bool Inquiry::ended(Verdict verdict) {
  verdict_ = verdict;
  return true;
}

}  // namespace ringside::scsi
