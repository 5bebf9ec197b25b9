// Space: one open /dev/ringside-space (include/ringside/uapi/space.h): room in the kernel, and
// calls into it. Closing it (destroying the object, or the process's end) frees everything.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "core/base/bytes.hh"
#include "include/ringside/uapi/space.h"
#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"

namespace ringside::space {

using Addresses = std::array<std::uint64_t, RS_SPACE_PARTS>;

struct Called {
  std::uint64_t result = 0;
  std::uint64_t nanoseconds = 0;  // by the kernel's clock, the crossing not counted
};

class Space {
 public:
  // Fails, with what to do, where the module is not loaded or this user may not.
  static Outcome<Space> open();

  // Gets memory for parts of `bytes`; where they lie. `name` is for the list, and is cut.
  Outcome<Addresses> allocate(const std::string& name, const Addresses& bytes);
  // Puts `content` at the start of `part`.
  Outcome<Nothing> write(rs_space_part part, Bytes content);
  // `content.size()` bytes of `part` from `offset` on.
  Outcome<Nothing> read(rs_space_part part, std::uint32_t offset, std::span<std::byte> content);
  // Ends writing; calls `init`. Offsets into the text, or RS_SPACE_NONE. What `init` returned.
  Outcome<int> seal(std::uint64_t init, std::uint64_t exit);
  Outcome<Called> call(std::uint64_t function, std::span<const std::uint64_t> arguments);

  // All spaces there are, the caller's own included.
  Outcome<std::vector<rs_space_record>> list();

 private:
  explicit Space(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// "open", "sealed", "ready", "kept".
const char* state_name(std::uint32_t state);

}  // namespace ringside::space
