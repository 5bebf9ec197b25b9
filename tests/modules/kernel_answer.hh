// What the running kernel says to a kind. Only in a guest, and as root: these are wrong modules.
#pragma once

#include <string>

#include "tests/modules/kinds.hh"

namespace ringside::modules::test {

// Loads what `files` want loaded, in the order that a user would, and takes it out again. Returns
// "loads", or the name of the error that init_module(2) answered for the subject ("ENOEXEC").
std::string ask_kernel(const Files& files);

// One line of a result file: kernel series, kind, what the checker says, what the kernel said, and
// where it was asked ("shared" or "alone" guest), separated by tabs.
std::string result_line(std::string_view series, const Kind& kind, std::string_view answer,
                        std::string_view where);

// "6.12" of "6.12.117+deb12-amd64".
std::string series_of(std::string_view release);

}  // namespace ringside::modules::test
