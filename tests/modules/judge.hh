// What the checker says of a kind: the files go into a folder of their own, as a user has them.
#pragma once

#include "tests/modules/kinds.hh"
#include "user/modules/checker.hh"

namespace ringside::modules::test {

// The checker's answer for `files` on `kernel`, dependencies included. `folder` exists; its
// subject.ko and provider.ko are overwritten.
Verdict judge(const Files& files, Kernel& kernel, const std::filesystem::path& folder);

// "refused wrong-type, taints staging": the verdict as Kind::said has it. What `unharmed` has too
// is left out, unless the module is a stock one.
std::string said(const Verdict& verdict, const Verdict& unharmed);

}  // namespace ringside::modules::test
