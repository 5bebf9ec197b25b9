// TreeSignatures: which modules of a kernel's tree bear a signature that does not hold. Verifying
// thousands takes longer than all else that a check does, so it is done once for each state of the
// tree and kept in the cache: index/BUILD-ID/signatures.v1, the index's key in hex and then a line
// for each such file, by its path below the tree's folder.
#pragma once

#include <string>
#include <unordered_set>

#include "user/modules/kernel.hh"
#include "user/signature/keyring.hh"

namespace ringside::modules {

class TreeSignatures {
 public:
  // From the cache, or by reading and verifying every file (seconds). `keyring` has the keys of the
  // kernel's image and no others. A file that cannot be read is not listed.
  static Outcome<TreeSignatures> of(const Kernel& kernel, const signature::Keyring& keyring);

  // Whether `path`, below the tree's folder, was found to be wrong.
  bool is_wrong(const std::string& path) const { return wrong_.contains(path); }

 private:
  std::unordered_set<std::string> wrong_;
};

}  // namespace ringside::modules
