// Signer: who signed a module, as its PKCS#7 signature says; nothing is verified here.
// Source: RFC 5652 (CMS SignedData), ITU-T X.690 (DER).
#pragma once

#include <optional>
#include <string>

#include "core/base/bytes.hh"

namespace ringside::modules {

struct Signer {
  std::string name;    // common name of the certificate's issuer
  std::string serial;  // the certificate's serial number as it is in DER, tag and length included
  std::string digest;  // "sha256", or the algorithm's number as hex
};

// The first signer in `pkcs7`; no value where it is not that.
std::optional<Signer> read_signer(Bytes pkcs7);

}  // namespace ringside::modules
