// Static calls: the call sites of a module (section .static_call_sites) whose key the kernel does
// not find as the module comes, which makes it refuse the module. A key is data, or the trampoline
// of a key that is not exported; other code is no key.
// Source: kernel/static_call_inline.c (static_call_add_module), include/linux/static_call.h.
#pragma once

#include <vector>

#include "user/modules/explain.hh"
#include "user/modules/linker.hh"

namespace ringside::modules {

// Refused ("static-call"): each site of `linked`, which is finished, with such a key. Addresses are
// those of a kernel that runs where it was linked.
std::vector<Reason> check_static_calls(const Linked& linked, const Kernel& kernel);

}  // namespace ringside::modules
