// The cache room: XDG_CACHE_HOME/ringside, by default ~/.cache/ringside. Everything in it can be
// made again, so all of it may be deleted at any time, also while it is in use; any number of
// processes may build in it at once.
//
//   kernels/PACKAGE_VERSION/           an unpacked kernel
//   index/BUILD-ID/KIND.vN             what was read out of a kernel image
//   index/payload-HASH/build-id.v1     a packed image's content to the build-id of what is in it
//   apt-lists/                         apt's own state of Debian's archive
//   accel.json                         which accelerators work here
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/base/bytes.hh"
#include "user/base/failure.hh"

namespace ringside::cache {

// The cache's folder; it need not exist yet.
std::filesystem::path root();

// Where the index of `kind` in version `version` of its format is for a kernel's build-id (lower
// case hex). Fails where one of them is no plain name.
Outcome<std::filesystem::path> index_path(const std::string& build_id, const std::string& kind,
                                          int version);

// Writes a file or a folder of files at `temporary`, which does not exist yet. The folder around
// it is the builder's own and is removed afterwards with all that is left in it.
using Builder = std::function<Outcome<Nothing>(const std::filesystem::path& temporary)>;

// `target`, built first where it does not exist. It appears complete and synced, or not at all;
// of two processes that want it, one builds and the other waits. A failure of the builder leaves
// nothing behind, nor, after the next build beside it, does a builder that was killed.
Outcome<std::filesystem::path> get_or_build(const std::filesystem::path& target,
                                            const Builder& builder);

// The right to build an entry, until it is destroyed; the like of it is held by get_or_build. Waits
// for another who has it, and who may have built `target` meanwhile.
using Right = std::shared_ptr<const void>;
Outcome<Right> wait_for(const std::filesystem::path& target);

// Makes `content` the content of the file `target`, in place of any before it.
Outcome<std::filesystem::path> publish_file(const std::filesystem::path& target, Bytes content);

// Removes the entry `target`, at once for all who look for it; one that is not there is no failure.
Outcome<Nothing> discard(const std::filesystem::path& target);

}  // namespace ringside::cache
