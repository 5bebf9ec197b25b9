// Keyring: the certificates by which a kernel judges modules, and the judgement. Those that were
// built into a kernel lie in its image; those of the platform (db, MokListRT) in UEFI's variables.
// The same steps as the kernel's: the signature must be one over exactly the file's content,
// without attributes, by a key of the ring. Not looked at: hashes that UEFI's dbx forbids.
// Source: kernel/module/signing.c, certs/system_keyring.c, crypto/asymmetric_keys/pkcs7_*.c,
// security/integrity/platform_certs/load_uefi.c.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/base/bytes.hh"
#include "user/kimage/image.hh"

namespace ringside::signature {

enum class State {
  kKnownSigner,    // identified only: the ring has the key
  kGood,           // verified
  kUnknownSigner,  // the ring lacks the key, or the digest is not known: kernels taint or refuse
  kWrong,          // the ring has the key, and the signature does not hold: kernels refuse
  kMalformed,      // not what kernels take as a signature: they refuse
};

struct Verdict {
  State state = State::kMalformed;
  std::string signer;  // common name of the certificate's issuer, or its key's id in hex
  std::string digest;  // "sha256"
};

class Keyring {
 public:
  Keyring();
  // Those in `image`, by way of the cache (index/BUILD-ID/certificates.v1). A kernel that was built
  // without gives an empty ring.
  static Outcome<Keyring> of_image(const kimage::Image& image);

  // Adds certificates, DER one after the other, up to the first that is none. How many were added.
  std::size_t add(Bytes certificates);
  // Adds those of UEFI's db and MokListRT in `folder`, as far as they are there.
  void add_platform(const std::filesystem::path& folder = "/sys/firmware/efi/efivars");

  std::size_t size() const;

  // Who signed, by the PKCS#7 message `signature` alone; nothing is computed.
  Verdict identify(Bytes signature) const;
  // Whether `signature` is a good one over `content`.
  Verdict verify(Bytes content, Bytes signature) const;

 private:
  struct Certificates;
  std::shared_ptr<Certificates> certificates_;
};

// The X.509 certificates in a list of EFI signature lists (UEFI 2.10, 32.4.1), each added to
// `ring`; what is damaged ends the walk.
void add_efi_lists(Bytes lists, Keyring& ring);

}  // namespace ringside::signature
