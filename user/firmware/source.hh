// Source: the bytes that a file of firmware stands for, in pieces, in memory that does not grow
// with them: buffers of fixed size, and the window that a compressed stream asks for.
#pragma once

#include <memory>
#include <string>

#include "core/base/bytes.hh"
#include "core/firmware/name.hh"
#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"

namespace ringside::firmware {

inline constexpr std::size_t kPiece = 64 * 1024;
// The largest window: `xz -9`. `zstd --ultra -22` would ask for 128 MiB.
inline constexpr std::size_t kWindowMax = 64u << 20;

class Source {
 public:
  virtual ~Source() = default;

  // The next piece, valid until the next call; no bytes at the end. Fails where the file cannot be
  // read, is damaged or cut short, goes on behind its end, or wants a larger window.
  virtual Outcome<Bytes> next() = 0;

  // `name` is for failures.
  static Outcome<std::unique_ptr<Source>> open(UniqueFd file, Form form, std::string name);
};

}  // namespace ringside::firmware
