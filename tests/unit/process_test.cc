// Child processes: what they print, how they end, and what is said where they cannot start.
#include "user/process/process.hh"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/unit/temporary.hh"

namespace ringside {
namespace {

using ProcessTest = TemporaryTest;

Process shell(const std::string& script) {
  return {{"sh", "-c", script}, {}, {}};
}

TEST_F(ProcessTest, KeepsBothOutputsApartAndPassesTheStatus) {
  auto result = run_process(shell("printf out; printf err >&2; exit 42"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 42);
  EXPECT_EQ(result->out, "out");
  EXPECT_EQ(result->err, "err");
}

TEST_F(ProcessTest, TakesMoreThanPipesHoldOnBothSides) {
  auto result = run_process(
      shell("head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero; head -c 500000 /dev/zero "
            ">&2"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, std::string(1000000, '\0'));
  EXPECT_EQ(result->err, std::string(1500000, '\0'));
}

TEST_F(ProcessTest, GivesAnEmptyStdin) {
  auto result = run_process({{"cat"}, {}, {}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 0);
  EXPECT_EQ(result->out, "");
}

TEST_F(ProcessTest, NoShellReadsTheArguments) {
  auto result = run_process({{"printf", "%s", "$(id) ; *"}, {}, {}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, "$(id) ; *");
}

TEST_F(ProcessTest, ASignalIsAStatus) {
  auto result = run_process(shell("kill -TERM $$"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 128 + SIGTERM);
}

TEST_F(ProcessTest, RunsWithoutTheCallersBlockedAndIgnoredSignals) {
  sigset_t term, before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, &before);
  auto ignored = signal(SIGPIPE, SIG_IGN);
  auto blocked = run_process(shell("kill -TERM $$; exit 0"));
  auto pipe = run_process(shell("kill -PIPE $$; exit 0"));
  signal(SIGPIPE, ignored);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(blocked && pipe);
  EXPECT_EQ(blocked->status, 128 + SIGTERM);
  EXPECT_EQ(pipe->status, 128 + SIGPIPE);
}

TEST_F(ProcessTest, RunsInTheFolderWithTheEnvironment) {
  setenv("RINGSIDE_KEPT", "kept", 1);
  setenv("RINGSIDE_OVER", "old", 1);
  auto result = run_process({{"sh", "-c", "printf '%s ' \"$PWD\" $RINGSIDE_KEPT $RINGSIDE_OVER"},
                             folder_,
                             {"RINGSIDE_OVER=new"}});
  unsetenv("RINGSIDE_KEPT");
  unsetenv("RINGSIDE_OVER");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, folder_.native() + " kept new ");
}

TEST_F(ProcessTest, SaysWhatCannotBeStarted) {
  auto missing = run_process({{"ringside-no-such-program"}, {}, {}});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("ringside-no-such-program"), std::string::npos);

  write(folder_ / "text", "no program");
  auto text = run_process({{(folder_ / "text").native()}, {}, {}});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message, "run " + (folder_ / "text").native() + ": Permission denied");

  auto nowhere = run_process({{"true"}, folder_ / "missing", {}});
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().message.find("No such file"), std::string::npos);
}

TEST_F(ProcessTest, FindsProgramsInPathThenInSbin) {
  write(folder_ / "ringside-tool", "#!/bin/sh\n");
  std::filesystem::permissions(folder_ / "ringside-tool", std::filesystem::perms::owner_all);
  std::string path = std::getenv("PATH");
  setenv("PATH", (folder_.native() + ":" + path).c_str(), 1);
  auto found = find_program("ringside-tool");
  setenv("PATH", path.c_str(), 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, folder_ / "ringside-tool");
  EXPECT_FALSE(find_program("ringside-tool"));
}

TEST_F(ProcessTest, OutputOfIsStdoutOrTheReason) {
  auto good = output_of(shell("echo fine"));
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, "fine\n");
  auto bad = output_of(shell("echo the disk is full >&2; echo so I stop >&2; exit 3"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "sh: exit status 3: the disk is full");
}

// The grandchild is handed to this process when its parent is killed, so it can be waited for.
TEST_F(ProcessTest, AChildDoesNotOutliveItsParent) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  int started[2];
  ASSERT_EQ(pipe(started), 0);
  pid_t parent = fork();
  if (parent == 0) {
    auto script = "echo $$ >&" + std::to_string(started[1]) + "; exec sleep 10";
    _exit(run_process(shell(script)) ? 0 : 1);
  }
  close(started[1]);
  char text[32] = {};
  ASSERT_GT(::read(started[0], text, sizeof text - 1), 0);
  close(started[0]);
  pid_t child = std::atoi(text);
  kill(parent, SIGKILL);
  ASSERT_EQ(waitpid(parent, nullptr, 0), parent);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace ringside
