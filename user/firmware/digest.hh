// Sha256: the sum of bytes that come in pieces.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <new>

#include "core/base/bytes.hh"
#include "core/firmware/transfer.hh"

namespace ringside::firmware {

class Sha256 {
 public:
  Sha256() {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
      throw std::bad_alloc();
  }
  void add(Bytes bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  // Once, at the end.
  Digest finish() {
    Digest digest{};
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

}  // namespace ringside::firmware
