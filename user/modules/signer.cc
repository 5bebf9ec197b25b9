// A walk down DER's elements by the path that CMS lays out; each step checks tag and bounds.
#include "user/modules/signer.hh"

#include <fmt/format.h>

namespace ringside::modules {
namespace {

enum Tag : std::uint8_t {
  kInteger = 0x02,
  kOid = 0x06,
  kSequence = 0x30,
  kSet = 0x31,
  kContext0 = 0xa0,
};

struct Element {
  std::uint8_t tag = 0;
  Bytes content, whole;
};

// Takes the element at the front of `rest`.
std::optional<Element> take(Bytes& rest) {
  if (rest.size() < 2) return std::nullopt;
  std::uint64_t at = 2, length = load<std::uint8_t>(rest, 1);
  if (length & 0x80) {
    auto digits = length & 0x7f;
    if (digits == 0 || digits > 4 || !fits(at, digits, rest.size())) return std::nullopt;
    for (length = 0; digits > 0; --digits) length = length << 8 | load<std::uint8_t>(rest, at++);
  }
  if (!fits(at, length, rest.size())) return std::nullopt;
  Element element{load<std::uint8_t>(rest, 0), rest.subspan(at, length), rest.first(at + length)};
  rest = rest.subspan(at + length);
  return element;
}

// The next element of that tag, elements of others passed over.
std::optional<Element> seek(Bytes& rest, std::uint8_t tag) {
  while (auto element = take(rest))
    if (element->tag == tag) return element;
  return std::nullopt;
}

std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The last common name (2.5.4.3) in a distinguished name.
std::string common_name(Bytes name) {
  std::string found;
  while (auto set = take(name)) {
    auto rest = set->content;
    auto pair = seek(rest, kSequence);
    if (!pair) continue;
    rest = pair->content;
    auto oid = take(rest), text = take(rest);
    if (oid && text && as_text(oid->content) == "\x55\x04\x03") found = as_text(text->content);
  }
  for (auto& letter : found)
    if (static_cast<unsigned char>(letter) < ' ' || letter == 0x7f) letter = '?';
  return found;
}

std::string digest_name(Bytes oid) {
  constexpr std::string_view kSha2("\x60\x86\x48\x01\x65\x03\x04\x02", 8);
  auto text = as_text(oid);
  if (text.size() == 9 && text.starts_with(kSha2)) switch (text[8]) {
      case 1:
        return "sha256";
      case 2:
        return "sha384";
      case 3:
        return "sha512";
      case 4:
        return "sha224";
    }
  if (text == "\x2b\x0e\x03\x02\x1a") return "sha1";
  std::string hex;
  for (auto byte : oid) hex += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return hex;
}

// SignerInfo: version, issuerAndSerialNumber { issuer, serialNumber }, digestAlgorithm { oid } ...
std::optional<Signer> read_info(Bytes info) {
  auto identity = seek(info, kSequence), algorithm = seek(info, kSequence);
  if (!identity || !algorithm) return std::nullopt;
  auto rest = identity->content;
  auto issuer = take(rest), serial = take(rest);
  if (!issuer || !serial || serial->tag != kInteger) return std::nullopt;
  rest = algorithm->content;
  auto oid = seek(rest, kOid);
  if (!oid) return std::nullopt;
  return Signer{common_name(issuer->content), std::string(as_text(serial->whole)),
                digest_name(oid->content)};
}

}  // namespace

// ContentInfo { oid, [0] SignedData { version, SET, SEQUENCE, [0]?, [1]?, SET OF SignerInfo } }
std::optional<Signer> read_signer(Bytes pkcs7) {
  auto content = seek(pkcs7, kSequence);
  if (!content) return std::nullopt;
  auto rest = content->content;
  auto wrapped = seek(rest, kContext0);
  if (!wrapped) return std::nullopt;
  rest = wrapped->content;
  auto data = seek(rest, kSequence);
  if (!data) return std::nullopt;
  rest = data->content;
  auto digests = seek(rest, kSet), infos = seek(rest, kSet);
  if (!digests || !infos) return std::nullopt;
  rest = infos->content;
  auto info = seek(rest, kSequence);
  return info ? read_info(info->content) : std::nullopt;
}

}  // namespace ringside::modules
