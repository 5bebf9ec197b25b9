// Verdict: what a whole report comes to: the frame that is likeliest to blame, and a number by
// which reports of the same cause are known.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/oops/report.hh"

namespace ringside::oops {

// The likeliest culprit, as docs/oops.md defines it: the first place, in the order faulting
// instruction, headline, main stack from the top, that is neither a guess nor a function that
// merely reports, locks, waits, allocates or enters the kernel. The first certain place where all
// are such; nullptr where there is none. `names`, one a frame or none at all, are of frames that
// the report has as mere addresses.
using Names = std::span<const std::string_view>;
const Frame* culprit_of(const Report& report, Names names = {});

// `symbol` without what a compiler appends (.isra.0, .constprop.2, .part.1, .cold, .llvm.123) and
// without powerpc's leading dot.
std::string_view plain_name(std::string_view symbol);

// 64 bits that depend on the kind and the functions from the culprit on, and on no address, offset,
// release or machine: FNV-1a over the name of the kind and up to five functions with their modules,
// or over the words of the headline where no function is known (docs/oops.md). Stable: a change of
// the rule changes kFingerprintVersion.
constexpr int kFingerprintVersion = 2;
std::uint64_t fingerprint_of(const Report& report, Names names = {});

}  // namespace ringside::oops
