// What this kernel's policy says about a placement, before it is asked for anything.
#pragma once

#include "user/loader/record.hh"

namespace ringside::loader {

// Whether signatures are enforced here, by sig_enforce or lockdown: then why; else empty.
std::string signature_enforcer(const Roots& roots = {});

// Fails where the kernel loads nothing any more, and where `edited`, i.e. the file that reaches
// the kernel has lost its signature, and the kernel insists on one.
Outcome<Nothing> may_load(Placement placement, bool edited, const Roots& roots = {});

}  // namespace ringside::loader
