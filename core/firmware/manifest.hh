// Manifest: a list of files as sha256sum writes it: 64 hexadecimal digits, a space, a space or '*',
// the name. "./" before a name is dropped (find's), empty lines and those that begin with '#' are
// passed. Anything else is damage: half a list must not stand for a whole one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/result.hh"
#include "core/firmware/transfer.hh"

namespace ringside::firmware {

struct Listed {
  Digest digest;
  std::string_view name;  // in the text; checked (core/firmware/name.hh)
};

class Manifest {
 public:
  explicit Manifest(std::string_view text) : rest_(text) {}

  // The next file; nothing at the end. An Error's `at` is a line, from 1.
  Result<std::optional<Listed>> next();

 private:
  std::string_view rest_;
  std::uint64_t line_ = 0;
};

}  // namespace ringside::firmware
