// DebugLines: source lines and inlined functions of one kernel and its modules, by their line
// indexes (user/lines): from the cache, or built of debug information where some is found. Each is
// looked for once, when the first place in it is asked for.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "user/lines/debug_places.hh"
#include "user/modtree/tree.hh"
#include "user/oops/resolver.hh"

namespace ringside::oops {

class DebugLines : public LineSource {
 public:
  // `release` and `build_id` (lower-case hex) are the kernel's, as far as they are known. Borrows
  // `tree`, the kernel's modules.
  DebugLines(std::string release, std::string build_id, const modtree::Tree& tree)
      : release_(std::move(release)), build_id_(std::move(build_id)), tree_(tree) {}

  Lines find(const Spot& spot) const override;

 private:
  using Index = Outcome<lines::SourceIndex>;
  const Index& index_of(const std::string& module) const;
  Index open(const std::string& module) const;

  std::string release_, build_id_;
  const modtree::Tree& tree_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Index>
      indexes_;  // by module; "": vmlinux. Nothing is ever removed.
};

}  // namespace ringside::oops
