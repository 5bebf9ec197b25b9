#include "kernel/bridge.h"

#include "core/specimen.cc"  // compiled with the kernel's flags, here

using specimen_service::Digest;
static_assert(sizeof(Digest) == sizeof(specimen_digest));

void specimen_start(specimen_digest* digest) {
  *reinterpret_cast<Digest*>(digest) = Digest();
}
void specimen_feed(specimen_digest* digest, const unsigned char* bytes, unsigned long size) {
  reinterpret_cast<Digest*>(digest)->feed(bytes, size);
}
void specimen_text(const specimen_digest* digest, char* room) {
  to_text(*reinterpret_cast<const Digest*>(digest), room);
}
