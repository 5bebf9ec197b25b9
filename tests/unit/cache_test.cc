// The cache: entries appear whole or not at all, whatever happens to those who build them.
#include "user/cache/cache.hh"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "tests/unit/temporary.hh"
#include "user/base/mapped_file.hh"

namespace ringside {
namespace {

using cache::get_or_build;
using std::filesystem::path;

class CacheTest : public TemporaryTest {
 protected:
  static Outcome<Nothing> no_build(const path&) { return Failure{"built a second time"}; }
  path target() const { return folder_ / "ringside/index/abc/thing.v1"; }
};

// A pipe by which one process tells another to go on.
class Signal {
 public:
  Signal() { EXPECT_EQ(pipe(fds_), 0); }
  ~Signal() {
    close(fds_[0]);
    close(fds_[1]);
  }
  void give() { EXPECT_EQ(::write(fds_[1], "x", 1), 1); }
  void wait() {
    char byte;
    EXPECT_EQ(::read(fds_[0], &byte, 1), 1);
  }

 private:
  int fds_[2];
};

template <class F>
pid_t in_child(F&& body) {
  pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  return child;
}

int status_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Waits until `process` waits for a flock; not for ever, as it may also come too late for that.
void await_blocked(pid_t process) {
  using namespace std::chrono;
  auto waiter = " " + std::to_string(process) + " ";
  for (auto end = steady_clock::now() + 5s; steady_clock::now() < end; sched_yield()) {
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);)
      if (line.find("->") != line.npos && line.find(waiter) != line.npos) return;
  }
}

TEST_F(CacheTest, IsWhereXdgSays) {
  EXPECT_EQ(cache::root(), folder_ / "ringside");
  std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
  setenv("HOME", "/home/somebody", 1);
  setenv("XDG_CACHE_HOME", "not/absolute", 1);
  EXPECT_EQ(cache::root(), "/home/somebody/.cache/ringside");
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(cache::root(), "/home/somebody/.cache/ringside");
  setenv("HOME", home.c_str(), 1);
}

TEST_F(CacheTest, IndexesAreKeyedByBuildIdKindAndVersion) {
  auto index = cache::index_path("0a1b", "kallsyms", 3);
  ASSERT_TRUE(index);
  EXPECT_EQ(*index, folder_ / "ringside/index/0a1b/kallsyms.v3");
  EXPECT_FALSE(cache::index_path("../../etc", "kallsyms", 3));
  EXPECT_FALSE(cache::index_path("0a1b", "a/b", 3));
  EXPECT_FALSE(cache::index_path("", "kallsyms", 3));
}

TEST_F(CacheTest, PublishesAndReplacesAFile) {
  ASSERT_TRUE(cache::publish_file(target(), as_bytes("one")));
  EXPECT_EQ(read(target()), "one");
  ASSERT_TRUE(cache::publish_file(target(), as_bytes("")));
  EXPECT_EQ(read(target()), "");
  EXPECT_EQ(names_in(target().parent_path()), std::vector<std::string>{"thing.v1"});
}

TEST_F(CacheTest, BuildsATreeOnce) {
  auto built = get_or_build(target(), [](const path& temporary) -> Outcome<Nothing> {
    write(temporary / "deep/file", "content");
    write(temporary.parent_path() / "scratch", "is not published");
    return ok;
  });
  ASSERT_TRUE(built) << built.error().message;
  EXPECT_EQ(read(*built / "deep/file"), "content");
  EXPECT_TRUE(get_or_build(target(), no_build));
  EXPECT_EQ(names_in(target().parent_path()), std::vector<std::string>{"thing.v1"});
}

TEST_F(CacheTest, AFailedBuilderLeavesNothing) {
  auto built = get_or_build(target(), [](const path& temporary) -> Outcome<Nothing> {
    write(temporary / "half", "done");
    return Failure{"the archive is damaged"};
  });
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().message, "the archive is damaged");
  EXPECT_TRUE(names_in(target().parent_path()).empty());
}

TEST_F(CacheTest, ABuilderThatWritesNothingIsAFailure) {
  auto built = get_or_build(target(), [](const path&) -> Outcome<Nothing> { return ok; });
  ASSERT_FALSE(built);
  EXPECT_TRUE(names_in(target().parent_path()).empty());
}

TEST_F(CacheTest, TheSecondProcessWaitsForTheFirst) {
  Signal building, go_on;
  pid_t first = in_child([&] {
    return bool(get_or_build(target(), [&](const path& temporary) -> Outcome<Nothing> {
      building.give();
      go_on.wait();
      write(temporary, "first");
      return ok;
    }));
  });
  building.wait();
  pid_t second = in_child([&] { return bool(get_or_build(target(), no_build)); });
  await_blocked(second);
  go_on.give();
  EXPECT_EQ(status_of(first), 0);
  EXPECT_EQ(status_of(second), 0);
  EXPECT_EQ(read(target()), "first");
  EXPECT_EQ(names_in(target().parent_path()), std::vector<std::string>{"thing.v1"});
}

TEST_F(CacheTest, ManyProcessesBuildOnce) {
  auto count = folder_ / "count";
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i)
    children.push_back(in_child([&] {
      return bool(get_or_build(target(), [&](const path& temporary) -> Outcome<Nothing> {
        std::ofstream(count, std::ios::app) << "x";
        write(temporary / "file", "content");
        return ok;
      }));
    }));
  for (auto child : children) EXPECT_EQ(status_of(child), 0);
  EXPECT_EQ(read(count), "x");
  EXPECT_EQ(read(target() / "file"), "content");
}

TEST_F(CacheTest, AKilledBuilderLeavesNothingHalfDone) {
  Signal building;
  pid_t victim = in_child([&] {
    return bool(get_or_build(target(), [&](const path& temporary) -> Outcome<Nothing> {
      write(temporary / "half", "done");
      building.give();
      pause();
      return ok;
    }));
  });
  building.wait();
  EXPECT_EQ(names_in(target().parent_path()).size(), 2u);  // its lock and its temporary folder
  kill(victim, SIGKILL);
  EXPECT_EQ(status_of(victim), 128 + SIGKILL);
  EXPECT_FALSE(std::filesystem::exists(target()));

  auto built = get_or_build(target(), [](const path& temporary) -> Outcome<Nothing> {
    write(temporary / "whole", "done");
    return ok;
  });
  ASSERT_TRUE(built) << built.error().message;
  EXPECT_EQ(names_in(target()), std::vector<std::string>{"whole"});
  EXPECT_EQ(names_in(target().parent_path()), std::vector<std::string>{"thing.v1"});
}

TEST_F(CacheTest, LeftoversOfTheDeadAreSweptByTheNextBuildBesideThem) {
  pid_t victim = in_child([&] {
    return bool(get_or_build(target(), [&](const path& temporary) -> Outcome<Nothing> {
      write(temporary / "half", "done");
      raise(SIGKILL);
      return ok;
    }));
  });
  EXPECT_EQ(status_of(victim), 128 + SIGKILL);
  EXPECT_EQ(names_in(target().parent_path()).size(), 2u);
  EXPECT_TRUE(cache::publish_file(target().parent_path() / "other.v1", as_bytes("other")));
  EXPECT_EQ(names_in(target().parent_path()), std::vector<std::string>{"other.v1"});
}

TEST_F(CacheTest, WorkInProgressIsNotSwept) {
  Signal building, go_on;
  pid_t builder = in_child([&] {
    return bool(get_or_build(target(), [&](const path& temporary) -> Outcome<Nothing> {
      write(temporary / "early", "kept");
      building.give();
      go_on.wait();
      return ok;
    }));
  });
  building.wait();
  EXPECT_TRUE(cache::publish_file(target().parent_path() / "other.v1", as_bytes("other")));
  go_on.give();
  EXPECT_EQ(status_of(builder), 0);
  EXPECT_EQ(read(target() / "early"), "kept");
}

TEST_F(CacheTest, ACacheDeletedUnderItsBuilderIsBuiltAgain) {
  int builds = 0;
  auto built = get_or_build(target(), [&](const path& temporary) -> Outcome<Nothing> {
    if (++builds == 1) {
      std::filesystem::remove_all(folder_ / "ringside");
      return Failure{"cannot write"};
    }
    write(temporary, "second");
    return ok;
  });
  ASSERT_TRUE(built) << built.error().message;
  EXPECT_EQ(builds, 2);
  EXPECT_EQ(read(target()), "second");
}

TEST_F(CacheTest, AWaiterWhoseLockFileIsDeletedFindsTheEntry) {
  Signal building, go_on;
  pid_t first = in_child([&] {
    return bool(get_or_build(target(), [&](const path& temporary) -> Outcome<Nothing> {
      building.give();
      go_on.wait();
      write(temporary / "file", "content");
      return ok;
    }));
  });
  building.wait();
  pid_t second = in_child([&] { return bool(get_or_build(target(), no_build)); });
  await_blocked(second);
  std::filesystem::remove(target().parent_path() / ".thing.v1.lock");
  go_on.give();
  EXPECT_EQ(status_of(first), 0);
  EXPECT_EQ(status_of(second), 0);
}

TEST_F(CacheTest, OneLineSaysWhyNothingCanBeWritten) {
  write(folder_ / "file", "no folder");
  setenv("XDG_CACHE_HOME", (folder_ / "file").c_str(), 1);
  auto published = cache::publish_file(cache::root() / "accel.json", as_bytes("{}"));
  ASSERT_FALSE(published);
  const auto& message = published.error().message;
  EXPECT_NE(message.find("file/ringside: Not a directory"), std::string::npos) << message;
  EXPECT_NE(message.find("XDG_CACHE_HOME"), std::string::npos) << message;
}

// A limit on file sizes stands in for a full disk: write(2) fails half-way.
TEST_F(CacheTest, AWriteThatFailsLeavesTheOldFile) {
  ASSERT_TRUE(cache::publish_file(target(), as_bytes("old")));
  pid_t child = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    rlimit limit = {4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    auto published = cache::publish_file(target(), as_bytes(std::string(10000, 'n')));
    return !published && published.error().message.find("File too large") != std::string::npos;
  });
  EXPECT_EQ(status_of(child), 0);
  EXPECT_EQ(read(target()), "old");
  EXPECT_EQ(names_in(target().parent_path()), std::vector<std::string>{"thing.v1"});
}

TEST_F(CacheTest, DiscardRemovesAnEntryOrNothing) {
  write(target() / "file", "content");
  ASSERT_TRUE(cache::discard(target()));
  EXPECT_TRUE(names_in(target().parent_path()).empty());
  EXPECT_TRUE(cache::discard(target()));
}

using MappedFileTest = TemporaryTest;

TEST_F(MappedFileTest, GivesTheBytesAndKeepsThem) {
  write(folder_ / "file", "content");
  auto file = MappedFile::open(folder_ / "file");
  ASSERT_TRUE(file);
  std::filesystem::remove(folder_ / "file");
  MappedFile moved = *std::move(file);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(moved.bytes().data()), 7), "content");
  EXPECT_EQ(moved.bytes().size(), 7u);
}

TEST_F(MappedFileTest, AnEmptyFileHasNoBytes) {
  write(folder_ / "file", "");
  auto file = MappedFile::open(folder_ / "file");
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->bytes().empty());
}

TEST_F(MappedFileTest, RefusesWhatIsNoFile) {
  ASSERT_EQ(mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  for (const auto& file : {folder_, folder_ / "fifo", path("/dev/null")}) {
    auto mapped = MappedFile::open(file);
    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().message, file.native() + ": not a regular file; name one");
  }
  auto missing = MappedFile::open(folder_ / "missing");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace ringside
