// Source: a file's bytes in pieces, in one of three ways: read(2), a map of the whole file, or
// io_uring, which reads a regular file ahead while the caller works.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/bytes.hh"
#include "user/base/failure.hh"

namespace ringside::html {

// Bytes that one read asks for.
inline constexpr std::size_t kPiece = 128 * 1024;

class Source {
 public:
  virtual ~Source() = default;

  // The next piece, valid until the next call; no bytes at the end of the file.
  virtual Outcome<Bytes> next() = 0;
};

enum class Way { kRead, kMmap, kUring };

// A source of the open descriptor `fd`, from its position on; it stays the caller's. `name` is for
// failures. kMmap needs a regular file.
Outcome<std::unique_ptr<Source>> open_source(Way way, int fd, const std::string& name);

}  // namespace ringside::html
