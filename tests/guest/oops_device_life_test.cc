// ringside_oops.ko under load: as many tables as there may be, processes that are killed, all calls
// at once, memory; and how the module itself comes and goes.
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "tests/guest/oops_device.hh"

namespace ringside::armed {
namespace {

long kib_of(const std::string& what) {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;)
    if (long kib = 0; word == what + ":" && file >> kib) return kib;
  return -1;
}

// `child` does something on a device of its own, and stays as it is until it is killed.
template <class Child, class Ready>
void kill_when(Ready ready, Child child) {
  pid_t pid = fork();
  if (pid == 0) {
    auto device = Device::open();
    for (;;) child(*device);
  }
  EXPECT_TRUE(guest::soon(ready));
  kill(pid, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_F(OopsDevice, ASpaceGoesWithAProcessThatIsKilled) {
  auto table = space_table(kSpace, "placed");
  kill_when(
      [&] { return status().spaces == 1 && frame(kSpace + 2) == " placed+0x2/0x40 [dies]\n"; },
      [&](Device& own) {
        (void)own.take_space("dies", table);
        pause();
      });
  EXPECT_TRUE(guest::soon([&] { return status().spaces == 0; }));
  EXPECT_EQ(frame(kSpace + 2), fmt::format(" {:#x}\n", kSpace + 2));
}

TEST_F(OopsDevice, ATakeThatIsKilledLeavesNothingHalf) {
  kill_when([&] { return status().symbols == table().size(); },
            [&](Device& own) { (void)own.take_symbols(table().bytes()); });
  EXPECT_EQ(frame(linked("kfree") + offset()), " " + symbol_at(linked("kfree"), false) + "\n");
  ASSERT_TRUE(device().take_symbols(few()));
  EXPECT_EQ(status().symbol_bytes, few().size());
}

TEST_F(OopsDevice, HoldsAsManySpacesAsItMay) {
  auto table = space_table(kSpace, "placed");
  std::vector<Device> owners;
  owners.push_back(opened());
  for (int each = 0; each < RS_OOPS_SPACES_MAX; ++each) {
    if (each % 2) owners.push_back(opened());
    ASSERT_TRUE(owners.back().take_space("many", table)) << each;
  }
  EXPECT_EQ(status().spaces, static_cast<unsigned>(RS_OOPS_SPACES_MAX));
  EXPECT_EQ(take_errno(RS_OOPS_SPACE, table, "more"), ENOSPC);
  owners.pop_back();
  EXPECT_EQ(take_errno(RS_OOPS_SPACE, table, "more"), 0);
  owners.clear();
  EXPECT_EQ(status().spaces, 0u);
}

TEST_F(OopsDevice, HoldsAsManyBytesAsItMay) {
  if (kib_of("MemAvailable") < 800 << 10) GTEST_SKIP() << "needs a guest of 1 GiB and more";
  auto* memory = static_cast<std::byte*>(
      mmap(nullptr, RS_OOPS_TABLE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  auto table = space_table(kSpace, "placed");
  std::copy(table.begin(), table.end(), memory);
  Bytes largest(memory, RS_OOPS_TABLE_MAX);  // what follows the table is not looked at
  std::vector<Device> owners;
  for (unsigned each = 0; each < RS_OOPS_TOTAL_MAX / RS_OOPS_TABLE_MAX; ++each) {
    owners.push_back(opened());
    ASSERT_TRUE(owners.back().take_space("large", largest)) << each;
  }
  EXPECT_EQ(take_errno(RS_OOPS_SPACE, table, "one more"), ENOSPC);
  EXPECT_EQ(take_errno(RS_OOPS_SYMBOLS, few()), ENOSPC);
  EXPECT_EQ(take_errno(RS_OOPS_LINES, lines()), ENOSPC);
  owners.pop_back();
  EXPECT_EQ(take_errno(RS_OOPS_SPACE, largest, "one more"), 0);
  munmap(memory, RS_OOPS_TABLE_MAX);
}

TEST_F(OopsDevice, HoldsAsManyModulesAsItMay) {
  auto index = made_lines(0, 1, table().build_id());
  auto file = device_file();
  auto take = [&](const std::string& name) {
    auto module = made_module(index, name);
    return ioctl(file.get(), RS_OOPS_IOC_TAKE, &module) == 0 ? 0 : errno;
  };
  for (int each = 0; each < RS_OOPS_OBJECTS_MAX; ++each)
    ASSERT_EQ(take(fmt::format("made_{}", each)), 0) << each;
  EXPECT_EQ(status().modules, static_cast<unsigned>(RS_OOPS_OBJECTS_MAX));
  EXPECT_EQ(take("one_more"), ENOSPC);
  EXPECT_EQ(take("made_77"), 0) << "in place of the one before";
  EXPECT_EQ(*device().drop("made_4711"), true);
  EXPECT_EQ(take("one_more"), 0);
  EXPECT_EQ(status().module_bytes, RS_OOPS_OBJECTS_MAX * index.size());
  EXPECT_EQ(frame(kSpace), fmt::format(" {:#x}\n", kSpace));
}

TEST_F(OopsDevice, CannotBeUnloadedWhileItIsOpen) {
  EXPECT_FALSE(guest::unload("ringside_oops"));
}

// Each action on a thread and a file of its own, over and over, for two seconds; how often in all.
template <class... Actions>
std::size_t all_at_once(Actions... actions) {
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> done{0};
  auto repeat = [&](auto action) {
    auto device = Device::open();
    for (; !stop; ++done) EXPECT_TRUE(action(*device));
  };
  std::vector<std::thread> threads;
  (threads.emplace_back([&repeat, actions] { repeat(actions); }), ...);
  sleep(2);
  stop = true;
  for (auto& thread : threads) thread.join();
  return done;
}

// The subject comes and goes, too, so that a table of it may say no more than what it is of.
TEST_F(OopsDevice, AnswersWhileTablesAndModulesComeAndGo) {
  auto module = subject_table();
  auto space = space_table(kSpace, "placed");
  Subject subject;
  auto text = loaded_subject().sections.at(".text");
  std::atomic<std::uint64_t> step{0};
  auto ask = [&](Device& device) {
    std::uint64_t addresses[] = {linked("_stext") + offset() + step % 4'000, text + step % 0x3000,
                                 kSpace + step % 0x100, kNowhere[step % std::size(kNowhere)]};
    auto frame = device.frame(addresses[++step % 4], step & 1);
    return frame && is_whole(frame->text);
  };
  auto hold = [&](Device&) { return bool{Device::open()->take_space("held", space)}; };
  auto take = [&](Device& device) {
    return device.take_symbols(few()) && device.take_lines(lines()) &&
           device.take_module(module.about(), module.lines(), module.parts());
  };
  auto drop = [](Device& device) { return device.drop(kSubject) && device.drop_all(); };
  auto arm = [](Device& device) { return device.arm(true) && device.arm(false); };
  auto reload = [](Device&) { return guest::unload(kSubject) && guest::load(kSubject); };
  EXPECT_GT(all_at_once(ask, ask, ask, hold, take, take, drop, arm, reload), 100u);
  EXPECT_EQ(status().spaces, 0u);
  auto loaded = loaded_subject();
  ASSERT_TRUE(module.place(loaded));
  ASSERT_TRUE(take(device()));
  EXPECT_GT(compare_frames(module, loaded), 200);
}

// One round of all that takes memory and must give it back, also where it refuses.
void take_and_drop(Device& device, Bytes symbols, Bytes lines, Bytes space) {
  static const std::vector<rs_oops_part> kParts(64);
  auto module = made_module(lines), damaged = made_module(lines), elsewhere = made_module(lines);
  module.parts = damaged.parts = elsewhere.parts = kParts.size();
  module.part_records = damaged.part_records = elsewhere.part_records =
      reinterpret_cast<std::uintptr_t>(kParts.data());
  damaged.table_bytes /= 2, elsewhere.regions[0] = 8;
  auto half = symbols.first(symbols.size() / 2), small_half = space.first(space.size() / 2);
  EXPECT_EQ(take_errno(RS_OOPS_SYMBOLS, symbols), 0);
  EXPECT_EQ(take_errno(RS_OOPS_SYMBOLS, half), half.size() > 1u << 19 ? 0 : EBADMSG);
  for (int each = 0; each < 10; ++each) {
    EXPECT_EQ(take_errno(RS_OOPS_LINES, lines), 0);
    EXPECT_EQ(call_errno(RS_OOPS_IOC_TAKE, module), 0);
    EXPECT_EQ(call_errno(RS_OOPS_IOC_TAKE, damaged), EBADMSG);
    EXPECT_EQ(call_errno(RS_OOPS_IOC_TAKE, elsewhere), EXDEV);
    EXPECT_EQ(take_errno(RS_OOPS_SPACE, space, "placed"), 0);
    EXPECT_EQ(take_errno(RS_OOPS_SPACE, small_half, "damaged"), EBADMSG);
  }
  EXPECT_TRUE(device.drop_all());
}

TEST_F(OopsDevice, LosesNoMemory) {
  auto small = made_lines(0, 1, table().build_id());
  auto space = space_table(kSpace, "placed");
  auto padded = few();
  padded.resize((1u << 20) + 16);
  auto round = [&](int number) {
    take_and_drop(device(), number % 10 ? Bytes(few()) : Bytes(padded), small, space);
  };
  round(0);
  auto areas = guest::module_areas();
  auto slab = kib_of("Slab"), vmalloc = kib_of("VmallocUsed"), free = kib_of("MemAvailable");
  for (int number = 0; number < 200; ++number) round(number);
  EXPECT_LE(guest::module_areas(), areas);
  EXPECT_LT(kib_of("Slab") - slab, 900);
  EXPECT_LT(kib_of("VmallocUsed") - vmalloc, 1'000);
  EXPECT_LT(free - kib_of("MemAvailable"), 12'000);
}

// On its way out it takes the hook away, and gives all tables back.
TEST(OopsDeviceLife, StaysWhileItIsArmedAndGoesWithoutATrace) {
  auto areas = guest::module_areas();
  auto index = made_lines(0, 5, as_bytes("01234567890123456789"));
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(guest::load("ringside_oops"));
    ASSERT_TRUE(std::filesystem::exists(RS_OOPS_DEVICE));
    EXPECT_EQ(call_errno(RS_OOPS_IOC_TAKE, made_module(index)), 0);
    EXPECT_TRUE(Device::open()->arm(round % 3 != 0));
    EXPECT_EQ(hook_stands(), round % 3 != 0);
    if (round % 3 != 0) {
      EXPECT_FALSE(guest::unload("ringside_oops")) << "ftrace leads to it";
      EXPECT_TRUE(hook_stands());
      EXPECT_TRUE(Device::open()->arm(false));
    }
    ASSERT_TRUE(guest::unload("ringside_oops"));
    EXPECT_FALSE(hook_stands());
    ASSERT_FALSE(std::filesystem::exists("/sys/module/ringside_oops"));
    ASSERT_FALSE(std::filesystem::exists(RS_OOPS_DEVICE));
  }
  EXPECT_EQ(set_ftrace("0"), 0) << "nobody needs it any more";
  EXPECT_EQ(set_ftrace("1"), 0);
  EXPECT_TRUE(guest::soon([&] { return guest::module_areas() <= areas; }));
}

}  // namespace
}  // namespace ringside::armed
