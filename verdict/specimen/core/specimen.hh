// What the service decides: a digest (FNV-1a, 64 bits) of bytes that come piece by piece.
// Freestanding: no I/O, no clock, no allocation, nothing of a host; so the same source runs on
// either side.
#pragma once

namespace specimen_service {

class Digest {
 public:
  void feed(const unsigned char* bytes, unsigned long size);
  unsigned long long value() const { return value_; }

 private:
  unsigned long long value_ = 0xcbf29ce484222325;
};

// The digest as 16 digits; `room` holds as many, without a NUL.
void to_text(const Digest& digest, char* room);

}  // namespace specimen_service
