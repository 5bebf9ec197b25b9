// user/signature: a key is made here, signs, and is enrolled or not; what was signed is changed,
// and so is the signature. All of it by a key that OpenSSL verifies, and by one that nettle does.
#include <gtest/gtest.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <fstream>
#include <memory>

#include "tests/unit/temporary.hh"
#include "user/signature/keyring.hh"

namespace ringside::signature {
namespace {

using Buffer = std::vector<std::byte>;

Buffer taken(unsigned char* der, int length) {
  const auto* bytes = reinterpret_cast<const std::byte*>(der);
  Buffer buffer(bytes, bytes + std::max(length, 0));
  OPENSSL_free(der);
  return buffer;
}

// A key with its self-signed certificate.
class Signer {
 public:
  Signer(const char* name, const char* curve) : key_(EVP_EC_gen(curve)), certificate_(X509_new()) {
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 4711);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    auto* subject = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(certificate_, subject);
    X509_sign(certificate_, key_, EVP_sha256());
  }
  ~Signer() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }

  Buffer certificate() const {
    unsigned char* der = nullptr;
    int length = i2d_X509(certificate_, &der);
    return taken(der, length);
  }

  // As scripts/sign-file does it, but for `flags`.
  Buffer sign(std::string_view content,
              unsigned flags = CMS_BINARY | CMS_DETACHED | CMS_NOATTR | CMS_NOCERTS) const {
    auto* data = BIO_new_mem_buf(content.data(), static_cast<int>(content.size()));
    auto* message = CMS_sign(certificate_, key_, nullptr, data, flags);
    unsigned char* der = nullptr;
    int length = i2d_CMS_ContentInfo(message, &der);
    CMS_ContentInfo_free(message);
    BIO_free(data);
    return taken(der, length);
  }

 private:
  EVP_PKEY* key_;
  X509* certificate_;
};

struct KeyringTest : TemporaryTest, testing::WithParamInterface<const char*> {
  KeyringTest() { ring_.add(ours_.certificate()); }
  Signer ours_{"our key", GetParam()}, theirs_{"their key", GetParam()};
  Keyring ring_;
};
INSTANTIATE_TEST_SUITE_P(Curves, KeyringTest, testing::Values("P-256", "P-384"));

TEST_P(KeyringTest, AGoodSignatureNamesItsSigner) {
  auto verdict = ring_.verify(as_bytes("content"), ours_.sign("content"));
  EXPECT_EQ(verdict.state, State::kGood);
  EXPECT_EQ(verdict.signer, "our key");
  EXPECT_EQ(verdict.digest, "sha256");
  EXPECT_EQ(ring_.identify(ours_.sign("content")).state, State::kKnownSigner);
}

TEST_P(KeyringTest, ChangedContentIsWrong) {
  EXPECT_EQ(ring_.verify(as_bytes("contenT"), ours_.sign("content")).state, State::kWrong);
  EXPECT_EQ(ring_.verify({}, ours_.sign("content")).state, State::kWrong);
}

TEST_P(KeyringTest, AKeyThatIsNotInTheRingIsUnknown) {
  auto verdict = ring_.verify(as_bytes("content"), theirs_.sign("content"));
  EXPECT_EQ(verdict.state, State::kUnknownSigner);
  EXPECT_EQ(verdict.signer, "their key");
  EXPECT_EQ(Keyring().verify(as_bytes("content"), ours_.sign("content")).state,
            State::kUnknownSigner);
}

TEST_P(KeyringTest, ACertificateInTheMessageIsNotBelieved) {
  auto message = theirs_.sign("content", CMS_BINARY | CMS_DETACHED | CMS_NOATTR);
  EXPECT_EQ(ring_.verify(as_bytes("content"), message).state, State::kUnknownSigner);
}

TEST_P(KeyringTest, WhatKernelsDoNotTakeIsMalformed) {
  auto with_attributes = ours_.sign("content", CMS_BINARY | CMS_DETACHED | CMS_NOCERTS);
  auto with_content = ours_.sign("content", CMS_BINARY | CMS_NOATTR | CMS_NOCERTS);
  auto with_more = ours_.sign("content");
  with_more.push_back(std::byte{0});
  for (const auto& message : {with_attributes, with_content, with_more, Buffer{}})
    EXPECT_EQ(ring_.verify(as_bytes("content"), message).state, State::kMalformed);
  for (std::string_view noise : {"\x30\x82\xff\xff", "not DER at all", "\x30\x84\xff\xff\xff\xff"})
    EXPECT_EQ(ring_.verify(as_bytes("content"), as_bytes(noise)).state, State::kMalformed);
}

TEST_P(KeyringTest, NoChangedOrCutMessageIsGood) {
  auto whole = ours_.sign("content");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    EXPECT_NE(ring_.verify(as_bytes("content"), Bytes(whole).first(at)).state, State::kGood) << at;
    auto changed = whole;
    changed[at] ^= std::byte{0x10};
    // A byte that says nothing about the signature may change; then it is still ours.
    auto verdict = ring_.verify(as_bytes("content"), changed);
    EXPECT_TRUE(verdict.state != State::kGood || verdict.signer == "our key") << at;
  }
}

TEST_P(KeyringTest, CertificatesEndAtTheFirstThatIsNone) {
  auto two = ours_.certificate(), second = theirs_.certificate();
  two.insert(two.end(), second.begin(), second.end());
  two.insert(two.end(), 64, std::byte{0});
  Keyring ring;
  EXPECT_EQ(ring.add(two), 2u);
  EXPECT_EQ(ring.size(), 2u);
  EXPECT_EQ(ring.add(Bytes(two).subspan(1)), 0u);
}

// An EFI signature list with one certificate.
Buffer efi_list(const Buffer& certificate) {
  constexpr unsigned char kX509[] = {0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
                                     0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72};
  auto entry = static_cast<std::uint32_t>(certificate.size() + 16);
  std::uint32_t sizes[] = {28 + entry, 0, entry};
  Buffer list;
  for (auto octet : kX509) list.push_back(std::byte{octet});
  for (auto byte : std::as_bytes(std::span(sizes))) list.push_back(byte);
  list.resize(28 + 16);  // and the owner
  list.insert(list.end(), certificate.begin(), certificate.end());
  return list;
}

TEST_P(KeyringTest, ThePlatformsCertificatesCount) {
  auto list = efi_list(theirs_.certificate());
  list.insert(list.begin(), 4, std::byte{7});  // efivarfs: the variable's attributes
  std::ofstream(folder_ / "MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23", std::ios::binary)
      .write(reinterpret_cast<const char*>(list.data()), static_cast<long>(list.size()));
  ring_.add_platform(folder_);
  EXPECT_EQ(ring_.size(), 2u);
  EXPECT_EQ(ring_.verify(as_bytes("content"), theirs_.sign("content")).state, State::kGood);
}

TEST_P(KeyringTest, DamagedListsAddNothing) {
  auto list = efi_list(theirs_.certificate());
  for (std::uint64_t at = 16; at < 28; ++at) {
    auto damaged = list;
    damaged[at] ^= std::byte{0xff};
    Keyring ring;
    add_efi_lists(damaged, ring);
    EXPECT_EQ(ring.size(), 0u) << at;
  }
}

}  // namespace
}  // namespace ringside::signature
