// The signature that may be appended to a module: PKCS#7, a 12-byte struct module_signature, and
// a marker line. Only its shape is checked here; whose it is, is for a library to say.
// Source: include/linux/module_signature.h, kernel/module_signature.c, kernel/module/signing.c.
#pragma once

#include "core/base/bytes.hh"
#include "core/modules/fault.hh"

namespace ringside::modules {

struct SignedFile {
  Bytes content;        // the ELF file: what was signed
  Bytes signature;      // PKCS#7 DER; empty where there is none, or its header is wrong
  bool marked = false;  // the marker line is there
};

// Splits `file`. Reports kUnsigned (taints), kSignatureType (taints: the kernel calls it
// unsupported crypto) and malformed trailers (refused). Where the trailer is malformed, content is
// all before the marker, as the kernel would take it.
SignedFile split_signature(Bytes file, Diagnostics& diagnostics);

}  // namespace ringside::modules
