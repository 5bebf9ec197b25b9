// An entry is built in a temporary folder beside its place, synced, and renamed into it. Two kinds
// of flock keep builders apart: one on a lock file a target, so that a second builder waits and
// then finds the entry, and one on each temporary folder, by which the next builder tells a
// leftover of a dead process (nobody holds it) from work in progress. Both end with the process,
// by SIGKILL too. Whoever deletes the cache may delete a lock file that is held; a
// waiter notices by its inode; if two build one entry after all, rename lets one win.
#include "user/cache/cache.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "user/base/unique_fd.hh"

namespace ringside::cache {
namespace {

using std::filesystem::path;

constexpr int kAttempts = 100;  // at something that others may delete meanwhile

Failure cache_failure(const std::string& what, const path& file) {
  auto failure = system_failure(what, file);
  failure.message += " (XDG_CACHE_HOME says where the cache is)";
  return failure;
}

bool is_there(const path& file) {
  std::error_code error;
  return std::filesystem::exists(file, error);
}

bool is_folder(const path& file) {
  std::error_code error;
  return std::filesystem::is_directory(file, error);
}

Outcome<Nothing> make_folder(const path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error || is_folder(folder)) return ok;
  errno = error.value();
  return cache_failure("create", folder);
}

// True where `file` still is what `fd` was opened on.
bool still_there(const UniqueFd& fd, const path& file) {
  struct stat open, named;
  return fstat(fd.get(), &open) == 0 && lstat(file.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

bool take_flock(const UniqueFd& fd, int operation) {
  while (flock(fd.get(), operation) != 0)
    if (errno != EINTR) return false;
  return true;
}

path beside(const path& target, const std::string& suffix) {
  return target.parent_path() / ("." + target.filename().native() + suffix);
}

// The right to build one entry. Its file goes when it is given back.
class Lock {
 public:
  Lock(UniqueFd fd, path file) : fd_(std::move(fd)), file_(std::move(file)) {}
  Lock(Lock&&) = default;
  ~Lock() {
    if (fd_ && still_there(fd_, file_)) ::unlink(file_.c_str());
  }

 private:
  UniqueFd fd_;
  path file_;
};

Outcome<Lock> lock(const path& target) {
  auto file = beside(target, ".lock");
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TRY(make_folder(target.parent_path()));
    UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!fd && errno == ENOENT) continue;  // the folder was deleted meanwhile
    if (!fd) return cache_failure("create", file);
    if (!take_flock(fd, LOCK_EX)) return cache_failure("lock", file);
    if (still_there(fd, file)) return Lock(std::move(fd), file);
  }
  return Failure{fmt::format("{}: deleted over and over while it is locked", file.native())};
}

void remove_tree(const path& tree) {
  std::error_code ignored;  // what stays is swept by the next builder
  std::filesystem::remove_all(tree, ignored);
}

// A temporary folder of this process, removed with all that is in it.
class Room {
 public:
  Room(UniqueFd fd, path folder) : fd_(std::move(fd)), folder_(std::move(folder)) {}
  Room(Room&&) = default;
  ~Room() {
    if (fd_) remove_tree(folder_);
  }
  const path& folder() const { return folder_; }
  bool held() const { return still_there(fd_, folder_); }

 private:
  UniqueFd fd_;
  path folder_;
};

UniqueFd open_folder(const path& folder) {
  return UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool is_ours(const std::string& name) {
  return name[0] == '.' && (name.ends_with(".lock") || name.find(".tmp-") != std::string::npos);
}

// Removes the temporary folders and lock files in `folder` that nobody holds.
void sweep(const path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    if (!is_ours(entry->path().filename().native())) continue;
    UniqueFd fd(::open(entry->path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (fd && take_flock(fd, LOCK_EX | LOCK_NB)) remove_tree(entry->path());
  }
}

Outcome<Room> make_room(const path& target) {
  sweep(target.parent_path());
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TRY(make_folder(target.parent_path()));
    auto name = beside(target, ".tmp-XXXXXX").native();
    if (!mkdtemp(name.data()) && errno == ENOENT) continue;
    auto fd = open_folder(name);
    if (!fd && errno != ENOENT) return cache_failure("create", name);
    // A sweeper may have come between the creation and the lock.
    if (fd && take_flock(fd, LOCK_EX | LOCK_NB) && still_there(fd, name))
      return Room(std::move(fd), name);
  }
  return Failure{fmt::format("{}: temporary folders are deleted over and over", target.native())};
}

// Brings `entry`, a file or a tree, to the disk.
Outcome<Nothing> sync_entry(const path& entry) {
  UniqueFd fd(::open(entry.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return cache_failure("open", entry);
  if ((is_folder(entry) ? syncfs(fd.get()) : fsync(fd.get())) != 0)
    return cache_failure("sync", entry);
  return ok;
}

// Moves the finished `temporary` to `target`. A tree that is there already was put there by
// another builder, and is as good.
Outcome<Nothing> settle(const path& temporary, const path& target) {
  TRY(sync_entry(temporary));
  if (::rename(temporary.c_str(), target.c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST)
    return cache_failure("rename to", target);
  auto parent = open_folder(target.parent_path());
  if (parent) fsync(parent.get());
  return ok;
}

Outcome<path> build(const path& target, const Builder& builder) {
  for (int attempt = 1;; ++attempt) {
    auto room = TRY(make_room(target));
    auto temporary = room.folder() / target.filename();
    auto built = builder(temporary);
    if (built) built = settle(temporary, target);
    if (built) return target;
    // Where the room is gone, the cache was deleted under the builder: start over, within reason.
    if (room.held() || attempt == 3) return built.error();
  }
}

Outcome<Nothing> write_file(const path& file, Bytes content) {
  UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) return cache_failure("create", file);
  while (!content.empty()) {
    auto size = ::write(fd.get(), content.data(), content.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return cache_failure("write", file);
    content = content.subspan(static_cast<std::size_t>(size));
  }
  return ok;
}

bool is_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_';
  });
}

path home() {
  if (const char* home = std::getenv("HOME"); home && *home) return home;
  const auto* user = getpwuid(geteuid());
  return user ? user->pw_dir : "/";
}

}  // namespace

path root() {
  // The XDG specification: a relative path is to be ignored.
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg == '/')
    return path(xdg) / "ringside";
  return home() / ".cache" / "ringside";
}

Outcome<path> index_path(const std::string& build_id, const std::string& kind, int version) {
  for (const auto& part : {build_id, kind})
    if (!is_name(part)) return Failure{fmt::format("\"{}\": no name for an index", part)};
  return root() / "index" / build_id / fmt::format("{}.v{}", kind, version);
}

Outcome<path> get_or_build(const path& target, const Builder& builder) {
  if (is_there(target)) return target;
  auto right = TRY(lock(target));
  if (is_there(target)) return target;
  return build(target, builder);
}

Outcome<Right> wait_for(const path& target) {
  return Right(std::make_shared<Lock>(TRY(lock(target))));
}

Outcome<path> publish_file(const path& target, Bytes content) {
  return build(target, [&](const path& temporary) { return write_file(temporary, content); });
}

Outcome<Nothing> discard(const path& target) {
  if (!is_there(target)) return ok;
  auto right = TRY(lock(target));
  auto room = TRY(make_room(target));
  auto away = room.folder() / target.filename();
  if (::rename(target.c_str(), away.c_str()) != 0 && errno != ENOENT)
    return cache_failure("remove", target);
  return ok;
}

}  // namespace ringside::cache
