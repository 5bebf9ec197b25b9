// ringside_loader.ko in a stock kernel: what it hands over, what it refuses, and that a load whose
// holder dies leaves nothing behind. Runs as root in a guest.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "tests/guest/loader_fixture.hh"

namespace ringside::guest {
namespace {

class HandOver : public LoaderModule {
 protected:
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
  for (const auto& name : some_modules()) {
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
  for (const auto& name : some_modules()) {
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
  for (const auto& name : some_modules()) {
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
  EXPECT_EQ(parked.file.complete(RS_LOADER_GIVE_BACK), EINVAL) << "the kernel's, with our bytes";
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
  for (const auto& name : {kSmall, in_tree({"ext4", "xfs"}).at(0)}) {
    auto module = stock(name);
    die_with(module, false);
    auto modules_before = text_of("/proc/modules");
    auto areas = module_areas();
    {
      Parked parked(name);
      EXPECT_GT(module_areas(), areas) << "the count is not of these areas";
      parked.file.close();
      EXPECT_EQ(parked.handed.result(), ECANCELED);
    }
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
