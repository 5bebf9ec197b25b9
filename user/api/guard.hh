// What every function of the C API goes through: Failures, and whatever a library throws, become a
// status and a message; structs are only touched where the caller has set their size.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <string_view>

#include "include/ringside/ringside.h"
#include "user/base/failure.hh"

namespace ringside::api {

constexpr const char* kNullPointer = "a pointer is null";
constexpr const char* kNoSize = "struct_size is not set: use the *_INIT macro";

inline void copy_text(std::string_view text, char* to, std::size_t room) {
  auto size = std::min(text.size(), room - 1);
  std::memcpy(to, text.data(), size);
  to[size] = 0;
}

// A later version, whose structs are longer, will have to accept these sizes as well.
template <class Struct>
bool is_sized(const Struct& result) {
  return result.struct_size >= sizeof(Struct);
}

inline int fail(int status, std::string_view message, ringside_error* error) {
  if (!error || !is_sized(*error)) return status;
  error->status = status;
  copy_text(message, error->message, sizeof(error->message));
  return status;
}

// The status of `work`, an Outcome<int>; nothing passes it but a return.
template <class Work>
int guarded(ringside_error* error, Work work) noexcept {
  try {
    Outcome<int> outcome = work();
    return outcome ? *outcome : fail(outcome.error().status, outcome.error().message, error);
  } catch (const std::exception& thrown) {
    return fail(kUnknown, thrown.what(), error);
  } catch (...) {
    return fail(kUnknown, "an unknown exception", error);
  }
}

}  // namespace ringside::api
