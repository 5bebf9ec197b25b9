// ringside_loader.ko in a stock kernel: what it hands over, what it refuses, and that a load whose
// holder dies leaves nothing behind. Runs as root in a guest.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <csignal>
#include <sstream>

#include "tests/guest/loader_client.hh"

namespace ringside::guest {
namespace {

namespace fs = std::filesystem;

constexpr std::array kModules = {"loop", "ext4", "kvm", "sunrpc", "nf_conntrack", "dm_mod"};
constexpr auto kSmall = "ts_kmp";
constexpr std::uint64_t kKernelText = 0xffff'ffff'8000'0000;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool is_loaded(const std::string& name) {
  return ("\n" + text_of("/proc/modules")).find("\n" + name + " ") != std::string::npos;
}

std::string taints_of(const std::string& name) {
  auto text = text_of("/sys/module/" + name + "/taint");
  return text.substr(0, text.find('\n'));
}

bool hook_stands() {
  return text_of("/sys/kernel/tracing/enabled_functions").find("apply_relocate_add") !=
         std::string::npos;
}

// Waits for what another thread of the kernel is about to do.
template <class Condition>
bool soon(Condition condition) {
  for (int tries = 0; tries < 3000; ++tries) {
    if (condition()) return true;
    usleep(10'000);
  }
  return false;
}

// Loads what module `name` needs, the stock way.
StockModule stock(const std::string& name) {
  auto found = dependencies_of(name);
  for (auto need = found.needs.rbegin(); need != found.needs.rend(); ++need)
    (void)init_module(modules::ModuleFile::open(*need)->bytes());
  return StockModule(found.path);
}

class HandOver : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(load("ringside_loader")); }
  static void TearDownTestSuite() { EXPECT_TRUE(unload("ringside_loader")); }

  // Every byte of every section in memory, but those of struct module that are no relocations.
  static void expect_equal(const LoaderFile& file, const rs_loader_load& load,
                           const LinkedHere& here, const modules::Object& object) {
    for (std::uint32_t each = 1; each < here.bytes.size(); ++each) {
      if (here.bytes[each].empty()) continue;
      std::vector<std::byte> theirs(here.bytes[each].size());
      ASSERT_EQ(file.read(each, 0, theirs.data(), theirs.size()), 0) << load.name << " " << each;
      if (each != load.module_section) {
        EXPECT_EQ(theirs, here.bytes[each]) << load.name << " " << object.section_name(each);
        continue;
      }
      for (auto at : entry_words(load, object))
        EXPECT_EQ(std::memcmp(theirs.data() + at, here.bytes[each].data() + at, 8), 0) << at;
    }
  }
};

TEST_F(HandOver, ShowsWhatTheKernelRelocatedAndItEqualsOurs) {
  for (std::string name : kModules) {
    auto module = stock(name);
    LoaderFile file;
    HandedLoad handed(file, module.bytes(), RS_LOADER_SHADOW);
    ASSERT_EQ(handed.arm(), 0);
    rs_loader_load load;
    ASSERT_EQ(file.wait(load), 0);
    ASSERT_EQ(load.state, RS_LOADER_PARKED);
    EXPECT_EQ(load.name, name);
    auto here = link_here(file, load, module.object());
    EXPECT_EQ(here.faults, 0u) << name;
    expect_equal(file, load, here, module.object());
    ASSERT_EQ(file.complete(RS_LOADER_DONE), 0);
    EXPECT_EQ(handed.result(), 0) << name;
    ASSERT_EQ(file.wait(load), 0);
    EXPECT_EQ(load.state, RS_LOADER_ENDED);
    EXPECT_EQ(load.by, RS_LOADER_BY_KERNEL);
    EXPECT_EQ(taints_of(name), "");
    EXPECT_EQ(delete_module(name), 0) << name;
  }
}

TEST_F(HandOver, LoadsWhatWasLinkedHere) {
  for (std::string name : kModules) {
    auto module = stock(name);
    LoaderFile file;
    HandedLoad handed(file, module.bytes(), RS_LOADER_USER);
    ASSERT_EQ(handed.arm(), 0);
    rs_loader_load load;
    ASSERT_EQ(file.wait(load), 0);
    auto here = link_here(file, load, module.object());
    ASSERT_EQ(here.faults, 0u) << name;
    ASSERT_EQ(write_all(file, load, here, module.object()), 0) << name;
    expect_equal(file, load, here, module.object());
    ASSERT_EQ(file.complete(RS_LOADER_DONE), 0);
    EXPECT_EQ(handed.result(), 0) << name;
    ASSERT_EQ(file.wait(load), 0);
    EXPECT_EQ(load.by, RS_LOADER_BY_USER);
    EXPECT_TRUE(is_loaded(name));
    EXPECT_EQ(taints_of(name), "E");
    EXPECT_EQ(delete_module(name), 0) << name;
  }
}

TEST_F(HandOver, OurCoreRelocatesInTheKernel) {
  for (std::string name : kModules) {
    auto module = stock(name);
    LoaderFile file;
    HandedLoad handed(file, module.bytes(), RS_LOADER_KERNEL);
    ASSERT_EQ(handed.arm(), 0);
    EXPECT_EQ(handed.result(), 0) << name;
    rs_loader_load load;
    ASSERT_EQ(file.wait(load), 0);
    EXPECT_EQ(load.state, RS_LOADER_ENDED);
    EXPECT_EQ(load.by, RS_LOADER_BY_CORE);
    EXPECT_EQ(load.name, name);
    EXPECT_EQ(taints_of(name), "");
    EXPECT_EQ(delete_module(name), 0) << name;
  }
}

// ---- what a verdict and an end do ----

// A module that is parked, or has ended, on a file of its own.
struct Parked {
  explicit Parked(const std::string& name, std::uint32_t mode = RS_LOADER_USER,
                  std::uint32_t timeout = kTimeout)
      : module(stock(name)), handed(file, module.bytes(), mode, timeout) {
    EXPECT_EQ(handed.arm(), 0);
    EXPECT_EQ(file.wait(load), 0);
    EXPECT_EQ(load.state, RS_LOADER_PARKED);
  }
  // Links here, writes, and lets it go on.
  int finish() {
    auto here = link_here(file, load, module.object());
    EXPECT_EQ(write_all(file, load, here, module.object()), 0);
    EXPECT_EQ(file.complete(RS_LOADER_DONE), 0);
    return handed.result();
  }

  StockModule module;
  LoaderFile file;
  HandedLoad handed;
  rs_loader_load load;
};

TEST_F(HandOver, GivesALoadBackToTheKernel) {
  Parked parked(kSmall);
  ASSERT_EQ(parked.file.complete(RS_LOADER_GIVE_BACK), 0);
  EXPECT_EQ(parked.handed.result(), 0);
  ASSERT_EQ(parked.file.wait(parked.load), 0);
  EXPECT_EQ(parked.load.by, RS_LOADER_BY_KERNEL);
  EXPECT_EQ(taints_of(kSmall), "");
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOver, FailsWithTheErrnoOfTheVerdict) {
  Parked parked(kSmall);
  ASSERT_EQ(parked.file.complete(RS_LOADER_FAIL, EKEYREJECTED), 0);
  EXPECT_EQ(parked.handed.result(), EKEYREJECTED);
  ASSERT_EQ(parked.file.wait(parked.load), 0);
  EXPECT_EQ(parked.load.state, RS_LOADER_ENDED);
  EXPECT_EQ(parked.load.error, static_cast<std::uint32_t>(EKEYREJECTED));
  EXPECT_EQ(parked.load.by, RS_LOADER_BY_NOBODY);
  EXPECT_FALSE(is_loaded(kSmall));
}

TEST_F(HandOver, FailsAShownLoadToo) {
  Parked parked(kSmall, RS_LOADER_SHADOW);
  EXPECT_EQ(parked.file.complete(RS_LOADER_GIVE_BACK), EINVAL);
  ASSERT_EQ(parked.file.complete(RS_LOADER_FAIL, EIO), 0);
  EXPECT_EQ(parked.handed.result(), EIO);
  EXPECT_FALSE(is_loaded(kSmall));
}

TEST_F(HandOver, ALoadThatIsNotWrittenWholeIsNotDone) {
  Parked parked(kSmall);
  EXPECT_EQ(parked.file.complete(RS_LOADER_DONE), EINVAL);
  auto here = link_here(parked.file, parked.load, parked.module.object());
  for (auto at : entry_words(parked.load, parked.module.object()))
    EXPECT_EQ(parked.file.write(parked.load.module_section, at,
                                here.bytes[parked.load.module_section].data() + at, 8),
              0);
  EXPECT_EQ(parked.file.complete(RS_LOADER_DONE), EINVAL);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOver, FailsWhenTheTimeIsOver) {
  LoaderFile file;
  auto before = file.status();
  auto module = stock(kSmall);
  HandedLoad handed(file, module.bytes(), RS_LOADER_USER, 1);
  ASSERT_EQ(handed.arm(), 0);
  EXPECT_EQ(handed.result(), ETIMEDOUT);
  EXPECT_FALSE(is_loaded(kSmall));
  EXPECT_EQ(file.status().timed_out, before.timed_out + 1);
  EXPECT_EQ(file.status().failed, before.failed + 1);
}

TEST_F(HandOver, FailsWhenTheFileIsClosed) {
  Parked parked(kSmall);
  parked.file.close();
  EXPECT_EQ(parked.handed.result(), ECANCELED);
  EXPECT_FALSE(is_loaded(kSmall));
}

TEST_F(HandOver, CountsWhatItDid) {
  LoaderFile other;
  auto before = other.status();
  Parked parked(kSmall);
  EXPECT_EQ(other.status().armed, 1u);
  EXPECT_EQ(other.status().hooked, 1u);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
  auto after = other.status();
  EXPECT_EQ(after.by_user, before.by_user + 1);
  EXPECT_EQ(after.by_kernel, before.by_kernel);
  EXPECT_EQ(after.by_core, before.by_core);
  EXPECT_EQ(after.failed, before.failed);
  EXPECT_EQ(after.armed, 0u);
}

// ---- several at once ----

TEST_F(HandOver, LoadsOfTwoFilesAreIndependent) {
  Parked first(kSmall), second("loop");
  EXPECT_EQ(second.load.name, std::string("loop"));
  EXPECT_EQ(second.finish(), 0);
  EXPECT_EQ(first.finish(), 0);
  EXPECT_EQ(delete_module("loop"), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOver, OtherLoadsGoOnWhileOneIsParked) {
  Parked parked(kSmall);
  auto other = stock("loop");
  EXPECT_EQ(init_module(other.bytes()), 0);
  EXPECT_EQ(taints_of("loop"), "");
  EXPECT_EQ(delete_module("loop"), 0);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOver, AnotherLoadOfTheSameModuleWaitsForTheParkedOne) {
  Parked parked(kSmall);
  auto again = std::async(std::launch::async, [&] { return init_module(parked.module.bytes()); });
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(again.get(), EEXIST);
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOver, OneFileServesOneLoadAfterTheOther) {
  LoaderFile file;
  auto module = stock(kSmall);
  for (int round = 0; round < 20; ++round) {
    HandedLoad handed(file, module.bytes(), round % 2 ? RS_LOADER_USER : RS_LOADER_KERNEL);
    ASSERT_EQ(handed.arm(), 0) << round;
    if (round % 2) {
      rs_loader_load load;
      ASSERT_EQ(file.wait(load), 0);
      auto here = link_here(file, load, module.object());
      ASSERT_EQ(write_all(file, load, here, module.object()), 0);
      ASSERT_EQ(file.complete(RS_LOADER_DONE), 0);
    }
    ASSERT_EQ(handed.result(), 0) << round;
    ASSERT_EQ(delete_module(kSmall), 0);
  }
}

TEST_F(HandOver, AThreadAndAFileHaveOneLoadAtATime) {
  LoaderFile file, other;
  ASSERT_EQ(file.arm(RS_LOADER_USER), 0);
  EXPECT_EQ(file.arm(RS_LOADER_USER), EALREADY);
  EXPECT_EQ(other.arm(RS_LOADER_USER), EALREADY);
  std::thread([&] {
    EXPECT_EQ(file.arm(RS_LOADER_USER), EALREADY);
    EXPECT_EQ(init_module(stock(kSmall).bytes()), 0);  // not the thread that armed
  }).join();
  EXPECT_EQ(delete_module(kSmall), 0);
  EXPECT_EQ(file.disarm(), 0);
  EXPECT_EQ(other.arm(RS_LOADER_KERNEL), 0);
  EXPECT_EQ(init_module(stock(kSmall).bytes()), 0);
  EXPECT_EQ(other.disarm(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOver, ALoadThatFailsBeforeLeavesTheArmStanding) {
  LoaderFile file;
  ASSERT_EQ(file.arm(RS_LOADER_KERNEL), 0);
  EXPECT_EQ(init_module(as_bytes("no module")), ENOEXEC);
  EXPECT_EQ(file.status().armed, 1u);
  EXPECT_EQ(init_module(stock(kSmall).bytes()), 0);
  EXPECT_EQ(file.status().armed, 0u);
  EXPECT_EQ(delete_module(kSmall), 0);
}

// ---- what is refused ----

TEST_F(HandOver, RefusesEveryFieldThatTheAbiDoesNotKnow) {
  LoaderFile file;
  auto arm = [&](auto change) {
    auto call = loader_call<rs_loader_arm>();
    call.mode = RS_LOADER_USER, call.timeout_ms = 1000;
    change(call);
    return file.call(RS_LOADER_IOC_ARM, call);
  };
  EXPECT_EQ(arm([](auto& call) { call.size = 8; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.size = UINT32_MAX; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.version = 0; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.version = 2; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.mode = 0; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.mode = 4; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.timeout_ms = 0; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.timeout_ms = RS_LOADER_TIMEOUT_MAX + 1; }), EINVAL);
  EXPECT_EQ(arm([](auto& call) { call.reserved = 1; }), EINVAL);
  auto disarm = loader_call<rs_loader_disarm>();
  disarm.reserved = 1;
  EXPECT_EQ(file.call(RS_LOADER_IOC_DISARM, disarm), EINVAL);
  auto status = loader_call<rs_loader_status>();
  status.reserved = 1;
  EXPECT_EQ(file.call(RS_LOADER_IOC_STATUS, status), EINVAL);
  auto table = loader_call<rs_loader_table>();
  table.reserved = 1;
  EXPECT_EQ(file.call(RS_LOADER_IOC_SECTIONS, table), EINVAL);
  EXPECT_EQ(file.complete(0), EINVAL);
  EXPECT_EQ(file.complete(4), EINVAL);
  EXPECT_EQ(file.complete(RS_LOADER_FAIL, 0), EINVAL);
  EXPECT_EQ(file.complete(RS_LOADER_FAIL, 4096), EINVAL);
  EXPECT_EQ(file.complete(RS_LOADER_DONE, EIO), EINVAL);
  EXPECT_EQ(file.call(0x12345678, status), ENOTTY);
  EXPECT_EQ(ioctl(file.fd(), RS_LOADER_IOC_ARM, 8), -1);
  EXPECT_EQ(errno, EFAULT);
}

TEST_F(HandOver, NothingCanBeDoneWhereNothingIsParked) {
  LoaderFile file, impatient(O_NONBLOCK);
  char byte = 0;
  rs_loader_load load;
  auto refuses = [&](const LoaderFile& which) {
    auto table = loader_call<rs_loader_table>();
    table.count = 1;
    EXPECT_EQ(which.call(RS_LOADER_IOC_SECTIONS, table), ENODATA);
    EXPECT_EQ(which.call(RS_LOADER_IOC_SYMBOLS, table), ENODATA);
    EXPECT_EQ(which.complete(RS_LOADER_DONE), ENODATA);
    EXPECT_EQ(which.read(1, 0, &byte, 1), ENODATA);
    EXPECT_EQ(which.write(1, 0, &byte, 1), ENODATA);
  };
  refuses(file);
  EXPECT_EQ(file.wait(load), ENODATA);
  ASSERT_EQ(impatient.arm(RS_LOADER_USER), 0);
  refuses(impatient);
  EXPECT_EQ(impatient.wait(load), EAGAIN);
  EXPECT_EQ(impatient.disarm(), 0);
  EXPECT_EQ(impatient.wait(load), ENODATA);
}

TEST_F(HandOver, ACompletedLoadIsOutOfReach) {
  Parked parked(kSmall);
  EXPECT_EQ(parked.file.arm(RS_LOADER_USER), EALREADY);
  EXPECT_EQ(parked.file.disarm(), EBUSY);
  EXPECT_EQ(parked.finish(), 0);
  char byte = 0;
  EXPECT_EQ(parked.file.complete(RS_LOADER_DONE), ENODATA);
  EXPECT_EQ(parked.file.write(1, 0, &byte, 1), ENODATA);
  EXPECT_EQ(parked.file.read(1, 0, &byte, 1), ENODATA);
  EXPECT_EQ(delete_module(kSmall), 0);
}

// Sections that nobody may write, and ranges that are not there.
TEST_F(HandOver, WritesStayInTheModulesOwnSections) {
  Parked parked(kSmall);
  const auto& file = parked.file;
  auto sections = file.table<rs_loader_section>(RS_LOADER_IOC_SECTIONS, parked.load.sections);
  ASSERT_EQ(sections.size(), parked.load.sections);
  std::vector<char> bytes(1 << 20);
  EXPECT_EQ(file.write(0, 0, bytes.data(), 1), EINVAL);
  EXPECT_EQ(file.write(parked.load.sections, 0, bytes.data(), 1), EINVAL);
  EXPECT_EQ(file.write(0x7fff'ffff, 0, bytes.data(), 1), EINVAL);
  for (std::uint32_t each = 1; each < sections.size(); ++each) {
    auto size = static_cast<std::uint32_t>(sections[each].bytes);
    EXPECT_EQ(file.write(each, size, bytes.data(), 1), EINVAL) << each;
    EXPECT_EQ(file.write(each, 0, bytes.data(), size + 1), EINVAL) << each;
    EXPECT_EQ(file.write(each, UINT32_MAX, bytes.data(), 2), EINVAL) << each;
    EXPECT_EQ(file.read(each, size, bytes.data(), 1), EINVAL) << each;
    if (sections[each].address == 0) {
      EXPECT_EQ(file.read(each, 0, bytes.data(), 1), EINVAL);
    }
  }
  auto strings = parked.module.object().string_section();
  EXPECT_EQ(file.write(parked.load.symbol_section, 24, bytes.data(), 24), EPERM);
  EXPECT_EQ(file.write(strings, 1, bytes.data(), 1), EPERM);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOver, OfStructModuleOnlyTheEntryWordsAreWritten) {
  Parked parked("loop");
  auto words = entry_words(parked.load, parked.module.object());
  ASSERT_EQ(words.size(), 2u);
  auto section = parked.load.module_section;
  auto size = parked.module.object().sections()[section].size;
  std::vector<char> bytes(size);
  EXPECT_EQ(parked.file.write(section, 0, bytes.data(), size), EPERM);
  for (std::uint32_t at = 0; at + 8 <= size; at += 8) {
    bool entry = at == words[0] || at == words[1];
    EXPECT_EQ(parked.file.write(section, at, bytes.data(), 8), entry ? 0 : EPERM) << at;
  }
  for (auto at : words) EXPECT_EQ(parked.file.write(section, at + 4, bytes.data(), 8), EPERM);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module("loop"), 0);
}

TEST_F(HandOver, AShownLoadIsNotWritten) {
  Parked parked(kSmall, RS_LOADER_SHADOW);
  char byte = 0;
  for (std::uint32_t each = 1; each < parked.load.sections; ++each)
    EXPECT_NE(parked.file.write(each, 0, &byte, 1), 0) << each;
  EXPECT_EQ(parked.file.complete(RS_LOADER_DONE), 0);
  EXPECT_EQ(parked.handed.result(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

TEST_F(HandOver, ForeignPointersAreRefused) {
  Parked parked(kSmall);
  const auto& file = parked.file;
  auto sections = file.table<rs_loader_section>(RS_LOADER_IOC_SECTIONS, parked.load.sections);
  std::uint32_t text = 1;
  while (sections[text].address == 0 || sections[text].bytes < 16) ++text;
  const std::uint64_t text_address = sections[text].address;
  for (auto bad : {std::uint64_t{0}, std::uint64_t{8}, text_address, kKernelText}) {
    auto pointer = reinterpret_cast<void*>(bad);
    EXPECT_EQ(file.write(text, 0, pointer, 16), EFAULT);
    EXPECT_EQ(file.read(text, 0, pointer, 16), EFAULT);
    auto table = loader_call<rs_loader_table>();
    table.count = 1, table.records = bad;
    EXPECT_EQ(file.call(RS_LOADER_IOC_SECTIONS, table), EFAULT);
    table.count = UINT32_MAX;
    EXPECT_EQ(file.call(RS_LOADER_IOC_SYMBOLS, table), EFAULT);
  }
  auto table = loader_call<rs_loader_table>();
  table.first = parked.load.symbols, table.count = 5;
  EXPECT_EQ(file.call(RS_LOADER_IOC_SYMBOLS, table), 0);
  EXPECT_EQ(table.count, 0u);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

// In a child with fewer rights: 0, or the errno of open(2).
template <class Drop>
int open_after(Drop drop) {
  pid_t child = fork();
  if (child == 0) {
    drop();
    _exit(open(RS_LOADER_DEVICE, O_RDWR) < 0 ? errno : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

TEST_F(HandOver, IsForThoseWhoMayLoadModules) {
  EXPECT_EQ(open_after([] {}), 0);
  EXPECT_EQ(open_after([] { (void)!setgid(65534), (void)!setuid(65534); }), EACCES);
  EXPECT_EQ(open_after([] { (void)!unshare(CLONE_NEWUSER); }), EPERM);
}

// ---- the hook ----

TEST_F(HandOver, TheHookStandsOnlyForLoadsThatAreArmed) {
  ASSERT_TRUE(soon([] { return !hook_stands(); }));
  {
    LoaderFile file;
    EXPECT_FALSE(hook_stands());
    ASSERT_EQ(file.arm(RS_LOADER_USER), 0);
    EXPECT_TRUE(hook_stands());
  }  // closed without a load
  EXPECT_TRUE(soon([] { return !hook_stands(); }));
}

TEST_F(HandOver, FtraceCannotBeSwitchedOffUnderALoadNorALoadArmedWithoutIt) {
  ASSERT_TRUE(soon([] { return !hook_stands(); }));
  auto switch_ftrace = [](char to) {
    UniqueFd fd(open("/proc/sys/kernel/ftrace_enabled", O_WRONLY));
    return ::write(fd.get(), &to, 1) == 1 ? 0 : errno;
  };
  LoaderFile file;
  ASSERT_EQ(switch_ftrace('0'), 0);
  EXPECT_EQ(file.arm(RS_LOADER_USER), EBUSY);
  ASSERT_EQ(switch_ftrace('1'), 0);
  ASSERT_EQ(file.arm(RS_LOADER_USER), 0);
  EXPECT_EQ(switch_ftrace('0'), EBUSY);
  EXPECT_EQ(file.disarm(), 0);
}

TEST_F(HandOver, CannotBeUnloadedWhileALoadIsParked) {
  Parked parked(kSmall);
  EXPECT_EQ(delete_module("ringside_loader"), EWOULDBLOCK);
  EXPECT_EQ(parked.finish(), 0);
  EXPECT_EQ(delete_module(kSmall), 0);
}

// ---- killed ----

// The module's memory as /proc/vmallocinfo tells, without the addresses.
int module_areas() {
  std::istringstream lines(text_of("/proc/vmallocinfo"));
  int areas = 0;
  for (std::string line; std::getline(lines, line);)
    areas += line.find("load_module") != std::string::npos ||
             line.find("layout_and_allocate") != std::string::npos ||
             line.find("execmem") != std::string::npos || line.find("move_module") != line.npos;
  return areas;
}

// A process that arms, loads and dies by SIGKILL: when the load is parked, and half-way written.
void die_with(const StockModule& module, bool written) {
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  pid_t child = fork();
  if (child == 0) {
    LoaderFile file;
    HandedLoad handed(file, module.bytes(), RS_LOADER_USER);
    rs_loader_load load;
    handed.arm();
    file.wait(load);
    if (written) write_all(file, load, link_here(file, load, module.object()), module.object());
    (void)!::write(told[1], "p", 1);
    pause();
  }
  char byte;
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  close(told[0]), close(told[1]);
}

TEST_F(HandOver, AKilledLoaderLeavesNothingBehind) {
  for (std::string name : {"ts_kmp", "ext4"}) {
    auto module = stock(name);
    die_with(module, false);
    auto modules_before = text_of("/proc/modules");
    auto areas = module_areas();
    for (int round = 0; round < 10; ++round) {
      die_with(module, round % 2);
      EXPECT_FALSE(is_loaded(name)) << name << " " << round;
      EXPECT_FALSE(fs::exists("/sys/module/" + name));
    }
    EXPECT_EQ(text_of("/proc/modules"), modules_before);
    EXPECT_EQ(module_areas(), areas);
  }
  EXPECT_TRUE(soon([] { return !hook_stands(); }));
}

TEST(HandOverLife, ComesAndGoesWithoutATrace) {
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(load("ringside_loader"));
    {
      LoaderFile file;
      EXPECT_EQ(round % 2 ? file.arm(RS_LOADER_KERNEL) : 0, 0);
      EXPECT_EQ(delete_module("ringside_loader"), EWOULDBLOCK);
    }
    ASSERT_EQ(delete_module("ringside_loader"), 0);
    EXPECT_FALSE(hook_stands());
    ASSERT_FALSE(fs::exists(RS_LOADER_DEVICE));
  }
}

}  // namespace
}  // namespace ringside::guest
