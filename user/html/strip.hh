// Stripping in this process: a source's pieces through the core, the text into a descriptor.
#pragma once

#include "core/html/stripper.hh"
#include "user/html/source.hh"

namespace ringside::html {

// The best way of indexing that this processor has.
Simd best_simd();

// Writes all of `bytes` to the descriptor `fd`, which `name` stands for in a failure.
Outcome<Nothing> write_all(int fd, Bytes bytes, const std::string& name);

// Strips all of `source` and writes the text to `out`. Memory does not grow with the input.
Outcome<Nothing> strip(Source& source, Stripper::Mode mode, int out);

}  // namespace ringside::html
