// DebugLines: source lines and inlined functions of one kernel and its modules: by their line
// indexes (user/lines), where the cache has them. Else debug information is looked for when the
// first place is asked for, and the units that have the places asked for are read; where these
// become many, the index is built and left in the cache.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "user/lines/debug_places.hh"
#include "user/lines/unit_lines.hh"
#include "user/modtree/tree.hh"
#include "user/oops/resolver.hh"

namespace ringside::oops {

// Where debug information may lie beside its usual places, and who is told how building goes on.
struct DebugOptions {
  std::vector<std::filesystem::path> given;  // files or folders
  lines::Progress progress;
};

class DebugLines : public LineSource {
 public:
  // `release` and `build_id` (lower-case hex) are the kernel's, as far as they are known. Borrows
  // `tree`, the kernel's modules.
  DebugLines(std::string release, std::string build_id, const modtree::Tree& tree,
             DebugOptions options)
      : release_(std::move(release)),
        build_id_(std::move(build_id)),
        tree_(tree),
        options_(std::move(options)) {}

  Lines find(const Spot& spot) const override;

 private:
  // What is known of one object; an index, once it is there, is read without a lock.
  struct Object {
    std::mutex mutex;
    bool opened = false;
    std::optional<lines::SourceIndex> index;
    std::atomic<bool> indexed = false;
    std::optional<lines::UnitLines> units;
    std::string why;  // neither
  };

  Object& object_of(const std::string& module) const;
  Outcome<lines::Sought> sought(const std::string& module) const;
  Outcome<Nothing> open(const std::string& module, Object& object) const;
  Outcome<Nothing> build(Object& object, const lines::DebugFile& file) const;
  std::vector<lines::SourceFrame> find_units(const Spot& spot, std::uint64_t address,
                                             Object& object) const;
  Lines find_locked(const Spot& spot, std::uint64_t address, Object& object) const;

  std::string release_, build_id_;
  const modtree::Tree& tree_;
  DebugOptions options_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Object> objects_;  // by module; "": vmlinux. None is ever removed.
};

}  // namespace ringside::oops
