#include "user/signature/p384.hh"

#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include <array>
#include <cstring>
#include <memory>

namespace ringside::signature {
namespace {

constexpr std::size_t kField = 48;  // bytes of a coordinate
using Digest = std::span<const unsigned char>;

struct FreeSignature {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

bool is_p384(EVP_PKEY* key) {
  char name[32] = "";
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, name, sizeof name, nullptr) == 1 &&
         std::strcmp(name, "secp384r1") == 0;
}

class Point {
 public:
  Point() { nettle_ecc_point_init(&point_, nettle_get_secp_384r1()); }
  ~Point() { nettle_ecc_point_clear(&point_); }
  Point(const Point&) = delete;
  Point& operator=(const Point&) = delete;

  // False where the key is no point of the curve.
  bool set(EVP_PKEY* key) {
    std::array<unsigned char, 1 + 2 * kField> encoded{};  // 4, x, y (SEC 1, 2.3.3)
    std::size_t size = 0;
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, encoded.data(),
                                        encoded.size(), &size) != 1 ||
        size != encoded.size() || encoded[0] != 4)
      return false;
    mpz_t x, y;
    mpz_init(x), mpz_init(y);
    mpz_import(x, kField, 1, 1, 0, 0, encoded.data() + 1);
    mpz_import(y, kField, 1, 1, 0, 0, encoded.data() + 1 + kField);
    bool valid = nettle_ecc_point_set(&point_, x, y) == 1;
    mpz_clear(x), mpz_clear(y);
    return valid;
  }
  const ecc_point* get() const { return &point_; }

 private:
  ecc_point point_;
};

class Signature {
 public:
  Signature() { nettle_dsa_signature_init(&values_); }
  ~Signature() { nettle_dsa_signature_clear(&values_); }
  Signature(const Signature&) = delete;
  Signature& operator=(const Signature&) = delete;

  // As OpenSSL has it: only what DER would write the same way once more.
  bool set(std::span<const unsigned char> der) {
    const auto* at = der.data();
    std::unique_ptr<ECDSA_SIG, FreeSignature> parsed(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    if (!parsed || at != der.data() + der.size()) return false;
    unsigned char* again = nullptr;
    int size = i2d_ECDSA_SIG(parsed.get(), &again);
    bool same = size == static_cast<int>(der.size()) && std::equal(der.begin(), der.end(), again);
    OPENSSL_free(again);
    return same && set(values_.r, ECDSA_SIG_get0_r(parsed.get())) &&
           set(values_.s, ECDSA_SIG_get0_s(parsed.get()));
  }
  const dsa_signature* get() const { return &values_; }

 private:
  static bool set(mpz_t to, const BIGNUM* from) {
    std::array<unsigned char, kField> bytes{};
    if (BN_is_negative(from) || BN_bn2binpad(from, bytes.data(), kField) != int(kField))
      return false;
    mpz_import(to, kField, 1, 1, 0, 0, bytes.data());
    return true;
  }
  dsa_signature values_;
};

bool holds(CMS_SignerInfo* info, EVP_PKEY* key, Digest digest) {
  const auto* der = CMS_SignerInfo_get0_signature(info);
  Point point;
  Signature signature;
  return point.set(key) &&
         signature.set({ASN1_STRING_get0_data(der), std::size_t(ASN1_STRING_length(der))}) &&
         nettle_ecdsa_verify(point.get(), digest.size(), digest.data(), signature.get()) == 1;
}

}  // namespace

std::optional<bool> verify_p384(CMS_SignerInfo* info, EVP_PKEY* key, Bytes content) {
  if (!is_p384(key)) return std::nullopt;
  X509_ALGOR* algorithm = nullptr;
  CMS_SignerInfo_get0_algs(info, nullptr, nullptr, &algorithm, nullptr);
  const auto* kind = algorithm ? EVP_get_digestbyobj(algorithm->algorithm) : nullptr;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  bool good =
      kind &&
      EVP_Digest(content.data(), content.size(), digest.data(), &size, kind, nullptr) == 1 &&
      holds(info, key, Digest(digest).first(size));
  ERR_clear_error();
  return good;
}

}  // namespace ringside::signature
