// Inputs and the characters that the tokenizer of the WHATWG's standard emits for them, for every
// state that it has. The core is tested with them in user space, split at every place, and the
// module in a guest, on the same bytes.
#pragma once

#include <span>
#include <string_view>

namespace ringside::html::test {

struct Vector {
  const char* state;  // the standard's name of the state (or the rule) that it is about
  std::string_view input, text;
};

std::span<const Vector> vectors();

// What a person sees of `input`.
struct PageVector {
  const char* rule;
  std::string_view input, page;
};

std::span<const PageVector> page_vectors();

}  // namespace ringside::html::test
