// ECDSA over P-384, the curve of Debian's signing keys from 6.12 on: nettle checks such a signature
// in less than half of the instructions that OpenSSL 3.0 takes (docs/loader.md, "Signatures").
#pragma once

#include <openssl/cms.h>
#include <openssl/evp.h>

#include <optional>

#include "core/base/bytes.hh"

namespace ringside::signature {

// Whether the signature in `info` is one by `key` over `content`; nothing where the key is of
// another kind. Steps and strictness are CMS_verify's, and the kernel's crypto/ecdsa.c.
std::optional<bool> verify_p384(CMS_SignerInfo* info, EVP_PKEY* key, Bytes content);

}  // namespace ringside::signature
