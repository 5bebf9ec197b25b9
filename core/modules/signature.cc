// Read from the end: the marker, the 12 bytes before it, and the signature that they size.
#include "core/modules/signature.hh"

#include <cstring>
#include <string_view>

namespace ringside::modules {
namespace {

constexpr std::string_view kMarker = "~Module signature appended~\n";
constexpr std::uint64_t kHeaderSize = 12;  // struct module_signature
constexpr std::uint64_t kTypeAt = 2;       // its id_type
constexpr std::uint64_t kLengthAt = 8;     // its sig_len, big-endian
constexpr std::uint8_t kPkcs7 = 2;         // PKEY_ID_PKCS7

bool ends_in_marker(Bytes file) {
  return file.size() > kMarker.size() && std::memcmp(file.data() + file.size() - kMarker.size(),
                                                     kMarker.data(), kMarker.size()) == 0;
}

// In mod_check_sig's order: length, then type, then the fields that must be zero. True where it
// holds; a type that the kernel does not know it takes for no signature at all.
bool check_header(Bytes header, std::uint64_t room, Diagnostics& diagnostics) {
  std::uint64_t length = __builtin_bswap32(load<std::uint32_t>(header, kLengthAt));
  if (length >= room) {
    diagnostics.add({Fault::kSignatureLength, Severity::kRefused, 0, kLengthAt, room, length});
    return false;
  }
  auto type = load<std::uint8_t>(header, kTypeAt);
  if (type != kPkcs7) {
    diagnostics.add({Fault::kSignatureType, Severity::kTaints, 0, kTypeAt, kPkcs7, type});
    return false;
  }
  for (std::uint64_t at = 0; at < kLengthAt; ++at) {
    auto value = load<std::uint8_t>(header, at);
    if (at == kTypeAt || value == 0) continue;
    diagnostics.add({Fault::kSignatureHeader, Severity::kRefused, 0, at, 0, value});
    return false;
  }
  return true;
}

}  // namespace

SignedFile split_signature(Bytes file, Diagnostics& diagnostics) {
  if (!ends_in_marker(file)) {
    diagnostics.add({Fault::kUnsigned, Severity::kTaints, 0, file.size()});
    return {file, {}, false};
  }
  auto rest = file.first(file.size() - kMarker.size());
  if (rest.size() <= kHeaderSize) {
    diagnostics.add(
        {Fault::kSignatureTooShort, Severity::kRefused, 0, rest.size(), kHeaderSize, rest.size()});
    return {rest, {}, true};
  }
  auto room = rest.size() - kHeaderSize;
  auto header = rest.subspan(room);
  if (!check_header(header, room, diagnostics)) return {rest, {}, true};
  std::uint64_t length = __builtin_bswap32(load<std::uint32_t>(header, kLengthAt));
  return {rest.first(room - length), rest.subspan(room - length, length), true};
}

}  // namespace ringside::modules
