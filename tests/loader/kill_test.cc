// A loader that dies leaves nothing behind. The planned load runs in a child under ptrace, whose
// stops at system calls, on entry and on return and of both its threads, are counted; at the N-th
// it gets SIGKILL. Kills are spread evenly over all stops of the load, for a small and a large
// module in every way of loading that has our own code in it. What the child did before the load
// (planning, checking) changes nothing in the kernel and is not repeated.
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <set>

#include "tests/loader/planned.hh"

namespace ringside::loader {
namespace {

struct Traced {
  int stops = 0;
  bool ended = false;  // by itself
};

// Follows `child` and its threads from its SIGSTOP on; kills it at stop number `limit`.
Traced follow(pid_t child, int limit) {
  Traced traced;
  int status = 0;
  waitpid(child, &status, __WALL);
  ptrace(PTRACE_SETOPTIONS, child, 0,
         PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  for (pid_t thread = waitpid(-1, &status, __WALL); thread > 0;
       thread = waitpid(-1, &status, __WALL)) {
    if (thread == child && !WIFSTOPPED(status)) {
      traced.ended = WIFEXITED(status);
      break;
    }
    if (!WIFSTOPPED(status)) continue;
    int signal = WSTOPSIG(status);
    bool of_trace = signal == (SIGTRAP | 0x80) || status >> 16 != 0 || signal == SIGSTOP;
    if (signal == (SIGTRAP | 0x80) && ++traced.stops == limit) kill(child, SIGKILL);
    ptrace(PTRACE_SYSCALL, thread, 0, of_trace ? 0 : signal);
  }
  return traced;
}

class Kills : public PlannedTest, public ::testing::WithParamInterface<const char*> {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_loader")); }
  static void TearDownTestSuite() { EXPECT_TRUE(guest::unload("ringside_loader")); }

  void SetUp() override {
    PlannedTest::SetUp();
    for (const char* needed : {"jbd2", "mbcache"}) ASSERT_EQ(run({"modprobe", needed}).status, 0);
    (void)run({"modprobe", "crc16"});  // gone in later kernels
  }

  Options options() const {
    std::string name = GetParam();
    Options options;
    options.shadow = name == "shadow";
    options.placement = placement_of(name).value_or(Placement::kStock);
    return options;
  }

  Traced load_and_kill(const Plan& plan, int limit) {
    auto child = fork();
    if (child == 0) {
      ptrace(PTRACE_TRACEME, 0, 0, 0);
      raise(SIGSTOP);
      auto loader = Loader::create(*kernel_, options());
      _exit(loader && (*loader)->run(plan) ? 0 : 1);
    }
    return follow(child, limit);
  }

  // Kernel memory of modules, and what sysfs has of them. Freed init memory goes by a work queue.
  std::string state() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/module"))
      names.insert(entry.path().filename());
    auto text = std::to_string(guest::module_areas());
    for (const auto& name : names) text += " " + name;
    return text;
  }
  // Once nothing is under way any more.
  std::string settled() {
    auto last = state();
    for (int same = 0; same < 50; ++same) {
      usleep(2000);
      if (auto now = state(); now != last) last = now, same = 0;
    }
    return last;
  }
  void expect_state(const std::string& before, int stop) {
    (void)soon([&] { return state() == before; });
    EXPECT_EQ(state(), before) << "killed at stop " << stop;
  }
};

INSTANTIATE_TEST_SUITE_P(, Kills, ::testing::Values("bind", "user", "kernel", "shadow"),
                         [](const auto& info) { return std::string(info.param); });

// Other stops in every run, so that in time each of them is met; RINGSIDE_SEED repeats one.
long seed() {
  const char* given = std::getenv("RINGSIDE_SEED");
  return given ? std::atol(given) : std::time(nullptr);
}

TEST_P(Kills, LeaveNothingBehind) {
  auto first = seed();
  RecordProperty("seed", std::to_string(first));
  SCOPED_TRACE("RINGSIDE_SEED=" + std::to_string(first));
  const char* wanted = std::getenv("RINGSIDE_KILLS");  // in all, over modules and ways
  int kills = (wanted ? std::atoi(wanted) : 200) / 8;
  for (const char* name : {"loop", "ext4"}) {
    auto plan = plan_of(name, options());
    ASSERT_EQ(plan.steps.size(), 1u) << name;
    auto whole = load_and_kill(plan, 0);
    ASSERT_TRUE(whole.ended && is_loaded(name)) << name;
    auto areas = guest::module_areas();
    ASSERT_TRUE(guest::unload(name));
    drop_record(name);
    auto before = settled();
    EXPECT_LT(guest::module_areas(), areas) << "counts other areas";
    long middle = 0;
    int ended = 0;  // a load has not always the same number of system calls
    for (int each = 0; each < kills; ++each) {
      int stop = 1 + static_cast<int>((each * (whole.stops - 1) / kills + first) % whole.stops);
      auto traced = load_and_kill(plan, stop);
      ended += traced.ended;
      bool loaded = is_loaded(name);  // the kill came too late for the load
      EXPECT_TRUE(!loaded || guest::unload(name)) << "killed at stop " << stop;
      expect_state(before, stop);
      if (each == kills / 2) middle = slab();
    }
    EXPECT_LE(ended, kills / 5) << name << ": " << whole.stops << " stops";
    auto growth = slab() - middle;
    auto limit = std::min(4 * kills, 256 + kills / 10);
    // KASAN keeps freed memory aside for a while; there kmemleak looks for what is lost.
    EXPECT_TRUE(growth < limit || guest::kernel_name().ends_with("-kasan"))
        << growth << " KiB of slab over " << kills / 2 << " kills";
    RecordProperty(std::string(name) + "-slab-kib", static_cast<int>(growth));
    RecordProperty(std::string(name) + "-stops", whole.stops);
  }
}

}  // namespace
}  // namespace ringside::loader
