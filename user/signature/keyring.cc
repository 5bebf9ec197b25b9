// OpenSSL's CMS does the cryptography, but for one curve (p384.hh). A message is matched with the
// ring by issuer and serial, or by key id; certificates that a message brings along are not
// believed.
#include "user/signature/keyring.hh"

#include <fmt/format.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "user/cache/cache.hh"
#include "user/signature/p384.hh"

namespace ringside::signature {
namespace {

constexpr int kCertificatesVersion = 1;

struct FreeMessage {
  void operator()(CMS_ContentInfo* message) const { CMS_ContentInfo_free(message); }
};
using Message = std::unique_ptr<CMS_ContentInfo, FreeMessage>;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

const unsigned char* octets(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// A PKCS#7 message over data elsewhere, all of `signature`; nullptr for anything else.
Message parse(Bytes signature) {
  const auto* at = octets(signature);
  Message message(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(signature.size())));
  bool whole = message && at == octets(signature) + signature.size() &&
               OBJ_obj2nid(CMS_get0_type(message.get())) == NID_pkcs7_signed &&
               CMS_is_detached(message.get()) == 1;
  ERR_clear_error();
  return whole ? std::move(message) : nullptr;
}

// The one that counts; nullptr where there is none, or one that signs attributes, too.
CMS_SignerInfo* signer_of(const Message& message) {
  auto* infos = message ? CMS_get0_SignerInfos(message.get()) : nullptr;
  if (!infos || sk_CMS_SignerInfo_num(infos) == 0) return nullptr;
  auto* info = sk_CMS_SignerInfo_value(infos, 0);
  return CMS_signed_get_attr_count(info) > 0 ? nullptr : info;
}

bool is_alone(const Message& message) {
  return sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(message.get())) == 1;
}

bool verify_all(const Message& message, Bytes content, STACK_OF(X509) * certificates) {
  std::unique_ptr<BIO, FreeBio> data(BIO_new_mem_buf(content.data(), int(content.size())));
  constexpr unsigned kFlags = CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY;
  int status = CMS_verify(message.get(), certificates, nullptr, data.get(), nullptr, kFlags);
  ERR_clear_error();
  return status == 1;
}

std::string printable(std::string text) {
  for (auto& letter : text)
    if (static_cast<unsigned char>(letter) < ' ' || letter == 0x7f) letter = '?';
  return text;
}

std::string name_of(CMS_SignerInfo* info) {
  ASN1_OCTET_STRING* key = nullptr;
  X509_NAME* issuer = nullptr;
  ASN1_INTEGER* serial = nullptr;
  if (CMS_SignerInfo_get0_signer_id(info, &key, &issuer, &serial) != 1) return {};
  if (key)
    return kimage::to_hex(Bytes(reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(key)),
                                static_cast<std::size_t>(ASN1_STRING_length(key))));
  char text[256] = "";
  X509_NAME_get_text_by_NID(issuer, NID_commonName, text, sizeof(text));
  return printable(text);
}

std::string digest_of(CMS_SignerInfo* info) {
  X509_ALGOR* algorithm = nullptr;
  CMS_SignerInfo_get0_algs(info, nullptr, nullptr, &algorithm, nullptr);
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  char text[64] = "";
  OBJ_obj2txt(text, sizeof(text), object, 0);
  std::string name = text;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
  });
  return name;
}

// The kernel's certificate list, as it lies in the image.
Outcome<std::vector<std::byte>> find_certificates(const kimage::Image& image) {
  auto tables = TRY(image.kallsyms());
  std::uint64_t start = 0, end = 0;
  kimage::Kallsyms::Cursor cursor(tables);
  for (auto symbol = cursor.next(); symbol && *symbol; symbol = cursor.next()) {
    if ((*symbol)->name == "__cert_list_start") start = (*symbol)->address;
    if ((*symbol)->name == "__cert_list_end") end = (*symbol)->address;
  }
  auto section = image.vmlinux().find(".init.data");
  if (!section || !*section || start == 0 || end < start) return std::vector<std::byte>{};
  auto found = slice((*section)->data, start - (*section)->address, end - start, "certificates");
  if (!found) return Failure{describe(found.error(), image.source())};
  return std::vector<std::byte>(found->begin(), found->end());
}

std::vector<std::byte> content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

struct Keyring::Certificates {
  STACK_OF(X509) * stack = sk_X509_new_null();
  ~Certificates() { sk_X509_pop_free(stack, X509_free); }

  // Of the ring; nullptr where it has none.
  X509* signer_of(CMS_SignerInfo* info) const {
    for (int at = 0; at < sk_X509_num(stack); ++at)
      if (CMS_SignerInfo_cert_cmp(info, sk_X509_value(stack, at)) == 0)
        return sk_X509_value(stack, at);
    return nullptr;
  }
};

Keyring::Keyring() : certificates_(std::make_shared<Certificates>()) {}

Outcome<Keyring> Keyring::of_image(const kimage::Image& image) {
  Keyring ring;
  auto file = TRY(cache::index_path(image.build_id(), "certificates", kCertificatesVersion));
  if (auto cached = MappedFile::open(file); cached && ring.add(cached->bytes()) > 0) return ring;
  auto certificates = TRY(find_certificates(image));
  if (ring.add(certificates) > 0) (void)cache::publish_file(file, certificates);
  return ring;
}

std::size_t Keyring::add(Bytes certificates) {
  const auto* at = octets(certificates);
  const auto* end = at + certificates.size();
  std::size_t added = 0;
  while (auto* certificate = at < end ? d2i_X509(nullptr, &at, end - at) : nullptr)
    added += sk_X509_push(certificates_->stack, certificate) > 0;
  ERR_clear_error();
  return added;
}

void Keyring::add_platform(const std::filesystem::path& folder) {
  constexpr std::size_t kAttributes = 4;  // that efivarfs puts before a variable's content
  for (const char* name : {"db-d719b2cb-3d3a-4596-a3bc-dad00e67656f",
                           "MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23"}) {
    auto lists = content_of(folder / name);
    if (lists.size() > kAttributes) add_efi_lists(Bytes(lists).subspan(kAttributes), *this);
  }
}

std::size_t Keyring::size() const {
  return static_cast<std::size_t>(sk_X509_num(certificates_->stack));
}

Verdict Keyring::identify(Bytes signature) const {
  auto message = parse(signature);
  auto* info = signer_of(message);
  if (!info) return {};
  auto digest = digest_of(info);
  bool known = certificates_->signer_of(info) && EVP_get_digestbyname(digest.c_str());
  return {known ? State::kKnownSigner : State::kUnknownSigner, name_of(info), digest};
}

Verdict Keyring::verify(Bytes content, Bytes signature) const {
  auto verdict = identify(signature);
  if (verdict.state != State::kKnownSigner) return verdict;
  auto message = parse(signature);
  std::optional<bool> good;
  if (is_alone(message)) {
    auto* info = signer_of(message);
    good = verify_p384(info, X509_get0_pubkey(certificates_->signer_of(info)), content);
  }
  if (!good) good = verify_all(message, content, certificates_->stack);
  verdict.state = *good ? State::kGood : State::kWrong;
  return verdict;
}

// SignatureType (16 bytes), sizes of the list, its header and each entry; an entry is its owner's
// GUID (16 bytes) and the certificate.
void add_efi_lists(Bytes lists, Keyring& ring) {
  constexpr std::string_view kX509(
      "\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72", 16);
  constexpr std::uint64_t kHeader = 28, kOwner = 16;
  while (lists.size() >= kHeader) {
    auto size = load<std::uint32_t>(lists, 16), header = load<std::uint32_t>(lists, 20);
    auto entry = load<std::uint32_t>(lists, 24);
    if (size > lists.size() || !fits(kHeader, header, size) || entry <= kOwner) return;
    bool is_x509 = std::memcmp(lists.data(), kX509.data(), kX509.size()) == 0;
    for (auto at = kHeader + header; is_x509 && fits(at, entry, size); at += entry)
      ring.add(lists.subspan(at + kOwner, entry - kOwner));
    lists = lists.subspan(size);
  }
}

}  // namespace ringside::signature
