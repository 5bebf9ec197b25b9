// Edits of a kind's files that take several steps, or that are about the format of one section.
#pragma once

#include "tests/modules/kinds.hh"

namespace ringside::modules::test {

constexpr std::string_view kThisModule = ".gnu.linkonce.this_module";

// The name by which the kernel knows the module; `name` fills its field.
void name_module(Buffer& file, std::string_view name);

void change_crc(Files& files, std::string_view name, std::uint64_t change);

void rename_version(Files& files, std::string_view from, std::string_view to);

// Lets the provider need ringside_subject, as the subject needs the provider.
void close_circle(Files& files);

// A proprietary module, of which the provider, still under the GPL, takes a symbol.
void add_proprietary_base(Files& files);

// The provider's two plain exports, in the wrong order: the second is not found by bisection.
void swap_exports(Files& files);

// A static call site whose key is code. 8 bytes before a function, so that what the kernel takes
// for the key's type as it gives up is the function's first byte, which is odd: it goes no further.
void call_statically(Files& files);

}  // namespace ringside::modules::test
