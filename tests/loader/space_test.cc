// Spaces: objects of ours put into the running kernel and called, against what the same core says
// in user space; what the ABI refuses; what is left when they are gone. `Client` is written against
// version 1 of the ABI as it was first published, and stays as it is.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

#include "include/ringside/uapi/space.h"
#include "tests/loader/commands.hh"
#include "user/base/unique_fd.hh"

namespace ringside::loader {
namespace {

using nlohmann::json;

constexpr unsigned char kReturnTen[] = {0xf3, 0x0f, 0x1e, 0xfa,               // endbr64
                                        0xb8, 0x0a, 0x00, 0x00, 0x00, 0xc3};  // mov eax, 10; ret

// A version 1 client: calls that answer with 0 or errno.
class Client {
 public:
  Client() : fd_(open("/dev/ringside-space", O_RDWR | O_CLOEXEC)) {}
  bool good() const { return static_cast<bool>(fd_); }

  template <class Call>
  int ask(unsigned long command, Call& call) const {
    call.size = sizeof(Call), call.version = 1;
    return ioctl(fd_.get(), command, &call) == 0 ? 0 : errno;
  }
  int allocate(std::uint64_t text, std::uint64_t rodata, std::uint64_t data) {
    rs_space_allocate call{};
    call.bytes[0] = text, call.bytes[1] = rodata, call.bytes[2] = data;
    std::strcpy(call.name, "client");
    int error = ask(RS_SPACE_IOC_ALLOCATE, call);
    std::copy(std::begin(call.address), std::end(call.address), address);
    return error;
  }
  int write(int part, std::uint32_t offset, const void* bytes, std::size_t size) const {
    return pwrite(fd_.get(), bytes, size, RS_SPACE_AT(part, offset)) < 0 ? errno : 0;
  }
  int read(int part, std::uint32_t offset, void* bytes, std::size_t size) const {
    return pread(fd_.get(), bytes, size, RS_SPACE_AT(part, offset)) < 0 ? errno : 0;
  }
  int seal(std::uint64_t init = RS_SPACE_NONE, std::uint64_t exit = RS_SPACE_NONE) const {
    rs_space_seal call{};
    call.init = init, call.exit = exit;
    return ask(RS_SPACE_IOC_SEAL, call);
  }
  int call(std::uint64_t function) {
    rs_space_call call{};
    call.function = function;
    int error = ask(RS_SPACE_IOC_CALL, call);
    result = call.result;
    return error;
  }
  // A sealed space whose text returns ten.
  void make_ready() {
    ASSERT_EQ(allocate(4096, 64, 64), 0);
    ASSERT_EQ(write(RS_SPACE_TEXT, 0, kReturnTen, sizeof(kReturnTen)), 0);
    ASSERT_EQ(seal(), 0);
  }

  std::uint64_t address[3] = {}, result = 0;

 private:
  UniqueFd fd_;
};

std::string build_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

class Spaces : public LoaderTest {
 protected:
  void SetUp() override {
    LoaderTest::SetUp();
    if (!is_loaded("ringside_space"))
      expect_ringside({"load", "--placement=bind", "--unexported",
                       guest::module_file("ringside_space").native()});
    ASSERT_TRUE(is_loaded("ringside_space"));
  }
  void TearDown() override {
    if (is_loaded("ringside_space")) expect_ringside({"unload", "ringside_space"});
    LoaderTest::TearDown();
  }
  static std::string object(const std::string& name) { return build_folder() + "/" + name + ".o"; }
};

constexpr std::uint64_t kCountingExit = 0, kGoodInit = 64, kFailingInit = 128;

// A space whose exit adds one to the word at `counter`.
void make_counting(Client& client, std::uint64_t counter, std::uint64_t init) {
  unsigned char exit[] = {0xf3, 0x0f, 0x1e, 0xfa,                    // endbr64
                          0x48, 0xb8, 0,    0,    0, 0, 0, 0, 0, 0,  // mov rax, counter
                          0x48, 0xff, 0x00, 0xc3};                   // inc qword [rax]; ret
  std::memcpy(exit + 6, &counter, sizeof(counter));
  constexpr unsigned char kReturnNothing[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xc0, 0xc3};
  ASSERT_EQ(client.allocate(4096, 64, 64), 0);
  ASSERT_EQ(client.write(RS_SPACE_TEXT, kCountingExit, exit, sizeof(exit)), 0);
  ASSERT_EQ(client.write(RS_SPACE_TEXT, kGoodInit, kReturnNothing, sizeof(kReturnNothing)), 0);
  ASSERT_EQ(client.write(RS_SPACE_TEXT, kFailingInit, kReturnTen, sizeof(kReturnTen)), 0);
  ASSERT_EQ(client.seal(init, kCountingExit), 0);
}

// In a process of its own, which is killed.
void make_counting_and_die(std::uint64_t counter) {
  pid_t child = fork();
  if (child == 0) {
    Client client;
    make_counting(client, counter, kGoodInit);
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_F(Spaces, ExitIsCalledOnceAtTheEndIfInitSucceeded) {
  Client watcher;
  watcher.make_ready();
  auto counter = watcher.address[RS_SPACE_DATA];
  auto count = [&] {
    std::uint64_t value = ~0ull;
    EXPECT_EQ(watcher.read(RS_SPACE_DATA, 0, &value, sizeof(value)), 0);
    return value;
  };
  {
    Client client;
    make_counting(client, counter, kGoodInit);
    EXPECT_EQ(count(), 0u);
  }
  EXPECT_EQ(count(), 1u) << "closed";
  make_counting_and_die(counter);
  EXPECT_EQ(count(), 2u) << "killed";
  {
    Client client;
    make_counting(client, counter, RS_SPACE_NONE);
  }
  EXPECT_EQ(count(), 3u) << "without an init";
  {
    Client client;
    make_counting(client, counter, kFailingInit);
  }
  EXPECT_EQ(count(), 3u) << "its init failed";
}

TEST_F(Spaces, StockCannotLoadTheModuleAndBindNeedsTheWord) {
  expect_ringside({"unload", "ringside_space"});
  auto file = guest::module_file("ringside_space").native();
  EXPECT_NE(run({"insmod", file}).status, 0);
  expect_ringside({"load", "--placement=bind", file}, 1);
  EXPECT_FALSE(is_loaded("ringside_space"));
  auto said = expect_ringside({"place", object("space_lookup"), "--call", "add"}, 2);
  EXPECT_NE(said.find("--load-space"), std::string::npos) << said;
  expect_ringside({"place", "--load-space", file, object("space_lookup"), "--call", "add"});
}

TEST_F(Spaces, ArgumentsAndResultGoThrough) {
  EXPECT_EQ(
      ringside({"place", object("space_lookup"), "--call", "add", "1", "2", "3", "4", "5", "0x6"})
          .out,
      "0x5b\n");
  EXPECT_EQ(ringside({"place", object("space_lookup"), "--call", "times_entered"}).out, "0x1\n");
}

// The same core, the same table, on both sides.
TEST_F(Spaces, ACoreOfOursGivesWhatItGivesInUserSpace) {
  auto image = json::parse(ringside({"kimage", guest::release(), "--json"}).out, nullptr, false);
  ASSERT_TRUE(image.is_object());
  ringside({"ksyms", "--kernel", guest::release(), "vfs_write"});  // puts the table in the cache
  auto table = shell("ls -v ${XDG_CACHE_HOME:-$HOME/.cache}/ringside/index/" +
                     image["build_id"].get<std::string>() + "/ksyms.v* | tail -n 1");
  table.pop_back();
  for (const char* name : {"vfs_write", "schedule", "tcp_sendmsg", "kfree"}) {
    auto answer = ringside({"ksyms", "--kernel", guest::release(), name}).out;
    auto address = std::stoull(answer.substr(0, 16), nullptr, 16);
    auto found = ringside({"place", object("space_lookup"), "--call", "find_address", "@" + table,
                           std::to_string(address + 1)});
    EXPECT_EQ(std::strtoull(found.out.c_str(), nullptr, 16), address) << name << found.err;
  }
}

TEST_F(Spaces, AnInitThatFailsIsSaidAndNothingIsCalled) {
  auto said = expect_ringside({"place", object("space_refusing"), "--call", "never"}, 1);
  EXPECT_NE(said.find("ringside_init returned -5"), std::string::npos) << said;
}

TEST_F(Spaces, WhatDoesNotFitIsRefusedInOneLine) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"place", object("space_lookup"), "--call", "nothing"},
        {"place", guest::module_file("ringside_ksyms").native(), "--call", "init_module"},
        {"place", "/etc/passwd", "--call", "x"}}) {
    auto said = expect_ringside(words, 1);
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  }
  expect_ringside(
      {"place", object("space_lookup"), "--call", "add", "1", "2", "3", "4", "5", "6", "7"}, 64);
}

TEST_F(Spaces, AVersionOneClientCallsItsOwnText) {
  Client client;
  ASSERT_TRUE(client.good());
  client.make_ready();
  EXPECT_EQ(client.call(0), 0);
  EXPECT_EQ(client.result, 10u);
  EXPECT_EQ(client.call(4096), EINVAL);
  EXPECT_EQ(client.call(client.address[RS_SPACE_DATA] - client.address[RS_SPACE_TEXT]), EINVAL);
  EXPECT_EQ(client.call(RS_SPACE_NONE), EINVAL);
}

TEST_F(Spaces, TextAndReadOnlyDataAreSealedDataIsNot) {
  Client client;
  client.make_ready();
  unsigned char byte = 0xc3, seen = 0;
  EXPECT_EQ(client.write(RS_SPACE_TEXT, 0, &byte, 1), EPERM);
  EXPECT_EQ(client.write(RS_SPACE_RODATA, 0, &byte, 1), EPERM);
  EXPECT_EQ(client.write(RS_SPACE_DATA, 63, &byte, 1), 0);
  EXPECT_EQ(client.read(RS_SPACE_DATA, 63, &seen, 1), 0);
  EXPECT_EQ(seen, byte);
  EXPECT_EQ(client.seal(), EBUSY);
  EXPECT_EQ(client.allocate(1, 1, 1), EBUSY);
}

TEST_F(Spaces, HostileCallsAreRefused) {
  Client client;
  unsigned char byte = 0;
  volatile std::uintptr_t nowhere = 16;  // volatile: compilers know better than to read there
  EXPECT_EQ(client.write(RS_SPACE_TEXT, 0, &byte, 1), ENODATA);
  EXPECT_EQ(client.call(0), EBUSY);
  EXPECT_EQ(client.seal(), EBUSY);
  EXPECT_EQ(client.allocate(0, 0, 0), EINVAL);
  EXPECT_EQ(client.allocate(1, 1, RS_SPACE_PART_MAX + 1ull), EINVAL);
  EXPECT_EQ(client.allocate(~0ull, 0, 0), EINVAL);
  rs_space_allocate nameless{};
  nameless.bytes[0] = 1;
  EXPECT_EQ(client.ask(RS_SPACE_IOC_ALLOCATE, nameless), EINVAL);
  ASSERT_EQ(client.allocate(sizeof(kReturnTen), 0, 16), 0);
  EXPECT_EQ(client.write(RS_SPACE_TEXT, 0, reinterpret_cast<void*>(nowhere), 1), EFAULT);
  EXPECT_EQ(client.write(RS_SPACE_TEXT, sizeof(kReturnTen), &byte, 1), EINVAL);
  EXPECT_EQ(client.write(RS_SPACE_RODATA, 0, &byte, 1), EINVAL);
  EXPECT_EQ(client.write(RS_SPACE_PARTS, 0, &byte, 1), EINVAL);
  EXPECT_EQ(client.read(-1, 0, &byte, 1), EINVAL);
  EXPECT_EQ(client.seal(sizeof(kReturnTen)), EINVAL);
  EXPECT_EQ(client.seal(RS_SPACE_NONE, 1 << 20), EINVAL);
  rs_space_seal dirty{};
  dirty.init = dirty.exit = RS_SPACE_NONE, dirty.reserved = 1;
  EXPECT_EQ(client.ask(RS_SPACE_IOC_SEAL, dirty), EINVAL);
}

TEST_F(Spaces, TheListTellsWhatThereIs) {
  Client client;
  client.make_ready();
  rs_space_record records[4] = {};
  rs_space_list list{};
  list.records = reinterpret_cast<std::uintptr_t>(records), list.count = 4;
  ASSERT_EQ(client.ask(RS_SPACE_IOC_LIST, list), 0);
  ASSERT_EQ(list.count, 1u);
  EXPECT_EQ(records[0].address[RS_SPACE_TEXT], client.address[RS_SPACE_TEXT]);
  EXPECT_EQ(records[0].bytes[RS_SPACE_DATA], 64u);
  EXPECT_EQ(records[0].state, unsigned{RS_SPACE_READY});
  EXPECT_EQ(records[0].owner, getpid());
  EXPECT_STREQ(records[0].name, "client");
}

TEST_F(Spaces, RingsideListTellsThem) {
  Client client;
  client.make_ready();
  auto all = json::parse(ringside({"list", "--json"}).out, nullptr, false);
  ASSERT_TRUE(all.is_object());
  ASSERT_EQ(all["spaces"].size(), 1u);
  EXPECT_EQ(all["spaces"][0]["name"], "client");
  EXPECT_EQ(all["spaces"][0]["state"], "ready");
  EXPECT_EQ(all["spaces"][0]["owner"], getpid());
  EXPECT_NE(ringside({"list"}).out.find("space client: ready, 4224 bytes"), std::string::npos);
}

TEST_F(Spaces, TheModuleStaysWhileASpaceIsOpenAndNothingStaysBehind) {
  auto before = guest::module_areas();
  {
    Client client;
    client.make_ready();
    EXPECT_GT(guest::module_areas(), before) << "the count is not of these areas";
    expect_ringside({"unload", "ringside_space"}, 1);
  }
  for (int round = 0; round < 50; ++round) Client().make_ready();
  EXPECT_EQ(guest::module_areas(), before);
}

// A call in an object that waits for a word of another space, and what is kept of it meanwhile.
class Calls : public Spaces {
 protected:
  void SetUp() override {
    Spaces::SetUp();
    teller_.emplace();
    teller_->make_ready();
    before_ = guest::module_areas();
  }
  void TearDown() override {
    teller_.reset();
    Spaces::TearDown();
  }
  std::vector<std::string> place(const std::string& function) const {
    return {"place", object("space_waiting"), "--call", function,
            std::to_string(teller_->address[RS_SPACE_DATA])};
  }
  // The only other space; no value where there is none.
  std::optional<rs_space_record> other() const {
    rs_space_record records[4] = {};
    rs_space_list list{};
    list.records = reinterpret_cast<std::uintptr_t>(records), list.count = 4;
    EXPECT_EQ(teller_->ask(RS_SPACE_IOC_LIST, list), 0);
    if (list.count < 2) return std::nullopt;
    return records[1];
  }
  void tell() const {
    const unsigned one = 1;
    EXPECT_EQ(teller_->write(RS_SPACE_DATA, 0, &one, sizeof(one)), 0);
  }
  void expect_nothing_left() const {
    EXPECT_FALSE(other());
    EXPECT_EQ(guest::module_areas(), before_);
    EXPECT_EQ(loaded_module("ringside_space")->references, 1) << "the teller's";
  }
  std::optional<Client> teller_;
  int before_ = 0;
};

TEST_F(Calls, ThatDoNotListenKeepTheirSpaceUntilTheyEnd) {
  for (const char* function : {"spin", "sleep_deaf"}) {
    Started caller(place(function));
    EXPECT_TRUE(soon([&] { return other() && other()->running == 1; })) << function;
    caller.kill();
    EXPECT_NE(run({"rmmod", "ringside_space"}).status, 0);
    EXPECT_TRUE(caller.runs()) << function;
    auto record = other();
    ASSERT_TRUE(record) << function;
    EXPECT_EQ(record->running, 1u);
    EXPECT_EQ(record->owner, caller.process());
    EXPECT_GT(guest::module_areas(), before_);
    EXPECT_EQ(loaded_module("ringside_space")->references, 2);
    tell();
    EXPECT_EQ(caller.signal(), SIGKILL);
    expect_nothing_left();
    teller_.emplace();
    teller_->make_ready();
  }
}

TEST_F(Calls, ThatAreKilledFreeTheirSpace) {
  Started caller(place("sleep_killable"));
  EXPECT_TRUE(soon([&] { return other() && other()->running == 1; }));
  caller.kill();
  EXPECT_EQ(caller.signal(), SIGKILL);
  expect_nothing_left();
}

TEST_F(Spaces, OthersThanRootMayNot) {
  EXPECT_EQ(shell("stat -c %a /dev/ringside-space"), "600\n");
  EXPECT_NE(run({"setpriv", "--bounding-set", "-sys_module", "--inh-caps", "-sys_module", "sh",
                 "-c", ": 3<>/dev/ringside-space"})
                .status,
            0);
}

// Its module stays for good, so tests/guest/loader runs it after the others. A call whose task ends
// inside it, as by an oops: it calls the kernel's do_exit().
class Kept : public Spaces {
 protected:
  void TearDown() override {}

  static void end_inside(std::uint64_t do_exit) {
    Client client;
    ASSERT_EQ(client.allocate(4096, 64, 64), 0);
    unsigned char text[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xff, 0xe8, 0, 0, 0, 0, 0xcc};
    auto distance = static_cast<std::int32_t>(do_exit - client.address[RS_SPACE_TEXT] - 11);
    std::memcpy(text + 7, &distance, sizeof(distance));  // endbr64; xor edi, edi; call do_exit
    ASSERT_EQ(client.write(RS_SPACE_TEXT, 0, text, sizeof(text)), 0);
    ASSERT_EQ(client.seal(), 0);
    client.call(0);
  }
};

TEST_F(Kept, ASpaceWhoseCallNeverCameBackStays) {
  auto do_exit = std::stoull(shell("sed -n 's/ T do_exit$//p' /proc/kallsyms"), nullptr, 16);
  auto areas = guest::module_areas();
  pid_t child = fork();
  if (child == 0) _exit((end_inside(do_exit), 1));
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "do_exit(0) was not reached";
  EXPECT_GT(guest::module_areas(), areas);
  auto list = json::parse(ringside({"list", "--json"}).out, nullptr, false);
  ASSERT_EQ(list["spaces"].size(), 1u);
  EXPECT_EQ(list["spaces"][0]["state"], "kept");
  EXPECT_EQ(list["spaces"][0]["owner"], child);
  EXPECT_NE(run({"rmmod", "ringside_space"}).status, 0);
  Client another;
  another.make_ready();
  EXPECT_EQ(another.call(0), 0);
}

}  // namespace
}  // namespace ringside::loader
