#include "core/specimen.hh"

namespace specimen_service {

void Digest::feed(const unsigned char* bytes, unsigned long size) {
  for (unsigned long each = 0; each < size; ++each) value_ = (value_ ^ bytes[each]) * 0x100000001b3;
}

void to_text(const Digest& digest, char* room) {
  for (int digit = 0; digit < 16; ++digit)
    room[digit] = "0123456789abcdef"[digest.value() >> (60 - 4 * digit) & 15];
}

}  // namespace specimen_service
