// Firmware in a stock kernel: our driver and Debian's test_firmware ask, `ringside firmware serve`
// answers. As root. RINGSIDE_FIRMWARE_REQUESTS (100): how many in a row.
#include <sys/mman.h>

#include <atomic>

#include "tests/guest/firmware_server.hh"
#include "tests/unit/image_writer.hh"

namespace ringside::firmware {
namespace {

// Names are new in every test: kernels keep what a driver has got, and hand it out again.
class Firmware : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(guest::load("ringside_firmware"));
    ASSERT_TRUE(guest::succeeds({"modprobe", "test_firmware"}));
    ask_user_space(true);
    set_patience(60);
  }
  static void TearDownTestSuite() {
    ask_user_space(false);
    EXPECT_TRUE(guest::unload("test_firmware"));
    EXPECT_TRUE(guest::unload("ringside_firmware"));
  }
  void SetUp() override { std::filesystem::create_directories(kFolder); }
  void TearDown() override { std::filesystem::remove_all(kFolder); }
};

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 7;
  for (auto& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

std::string packed(const std::string& bytes, Packing packing) {
  auto content = test::pack(as_bytes(bytes), packing);
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

void expect_got(const Answer& answer, const std::string& bytes) {
  EXPECT_EQ(answer.error, 0) << content_of(kLog) << content_of(kErrors);
  EXPECT_EQ(answer.bytes, bytes.size());
  EXPECT_EQ(answer.sum, sum_of(bytes));
}

// What test_firmware holds.
void expect_tester_got(const std::string& bytes) {
  EXPECT_TRUE(content_of("/dev/test_firmware") == bytes);
}
int trigger(const std::string& how, const std::string& name) {
  return write_errno(kTester + ("trigger_" + how), name);
}

TEST_F(Firmware, OurDriverGetsIt) {
  auto bytes = noise(100'000);
  put(kFolder / "ours/plain.bin", bytes);
  Serving serving;
  expect_got(request("ours/plain.bin"), bytes);
  EXPECT_TRUE(serving.says({"\tdevices/virtual/misc/ringside-firmware\tours/plain.bin\t",
                            (kFolder / "ours/plain.bin").native(), "\t100000\tloaded"}))
      << content_of(kLog);
}

TEST_F(Firmware, TestFirmwareGetsIt) {
  auto bytes = noise(50'000);
  put(kFolder / "debian.bin", bytes);
  Serving serving({"--json"});
  EXPECT_EQ(trigger("request", "debian.bin"), 0);
  expect_tester_got(bytes);
  EXPECT_TRUE(serving.says({R"("device":"devices/virtual/misc/test_firmware")",
                            R"("name":"debian.bin")", R"("verdict":"loaded")"}))
      << content_of(kLog);
}

TEST_F(Firmware, ThoseWhoSendNoEventGetIt) {
  ask_user_space(false);  // NOUEVENT comes to user space all the same
  put(kFolder / "custom.bin", noise(5000));
  put(kFolder / "quiet.bin", noise(6000));
  Serving serving;
  EXPECT_EQ(trigger("custom_fallback", "custom.bin"), 0);
  expect_tester_got(noise(5000));
  expect_got(request_without_event("quiet.bin"), noise(6000));
  ask_user_space(true);
}

TEST_F(Firmware, AsynchronousRequestsAreAnswered) {
  put(kFolder / "async.bin", noise(5000));
  Serving serving;
  EXPECT_EQ(trigger("async_request", "async.bin"), 0);
  expect_tester_got(noise(5000));
}

TEST_F(Firmware, WhatIsNotThereIsAbortedAtOnce) {
  Serving serving;
  EXPECT_EQ(request("none-1").error, ENOENT);
  EXPECT_EQ(request_without_event("none-2").error, ENOENT);
  EXPECT_EQ(trigger("request", "none-3"), ENOENT);
  EXPECT_EQ(trigger("custom_fallback", "none-4"), ENODEV);  // its own word for "none"
  for (auto name : {"none-1", "none-2", "none-3", "none-4"})
    EXPECT_TRUE(serving.says({name, "not-found"})) << name;
}

TEST_F(Firmware, PackedFilesComeUnpacked) {
  auto bytes = noise(200'000) + std::string(300'000, 'x');
  put(kFolder / "p1.xz", packed(bytes, Packing::kXz));
  put(kFolder / "p2.zst", packed(bytes, Packing::kZstd));
  put(kFolder / "p3.xz", packed(bytes, Packing::kXz).substr(0, 100'000));
  Serving serving;
  expect_got(request("p1"), bytes);
  expect_got(request("p2"), bytes);
  EXPECT_EQ(request("p3").error, ENOENT);
  EXPECT_TRUE(serving.says({"p3", "failed: ", "damaged or cut short"}));
}

TEST_F(Firmware, AManifestLetsOnlyItsOwnThrough) {
  auto bytes = noise(70'000);
  put(kFolder / "good", bytes);
  put(kFolder / "packed.xz", packed(bytes, Packing::kXz));
  put(kFolder / "other", bytes + "!");
  put(kFolder / "unlisted", bytes);
  std::string list;
  for (auto name : {"good", "packed", "other"}) list += hex(sum_of(bytes)) + "  " + name + "\n";
  put("/tmp/list", list);
  Serving serving({"--manifest", "/tmp/list"});
  expect_got(request("good"), bytes);
  expect_got(request("packed"), bytes);
  EXPECT_EQ(request("other").error, ENOENT);
  EXPECT_EQ(request("unlisted").error, ENOENT);
  EXPECT_TRUE(serving.says({"other", "refused: not the bytes that the manifest lists"}));
  EXPECT_TRUE(serving.says({"unlisted", "refused: not in the manifest"}));
  EXPECT_NE(content_of(kErrors).find("unlisted: refused"), std::string::npos);
}

TEST_F(Firmware, NamesAndLinksThatLeadOutAreRefused) {
  put("/tmp/secret", "secret");
  std::filesystem::create_symlink("/tmp/secret", kFolder / "link");
  Serving serving;
  EXPECT_EQ(request("link").error, ENOENT);
  EXPECT_TRUE(serving.says({"link", "refused: leads out of its folder"}));
  EXPECT_EQ(request("a//b").error, ENOENT);
  EXPECT_EQ(request("/tmp/secret-").error, ENOENT);
  EXPECT_EQ(request("a/./b").error, ENOENT);
  EXPECT_EQ(request("line\nfeed").error, ENOENT);
  EXPECT_EQ(request("../secret").error, EINVAL) << "the kernel's own answer";
  EXPECT_TRUE(serving.says({"a//b", "refused: empty component"}));
  EXPECT_TRUE(serving.says({"/tmp/secret-", "refused: absolute name"}));
}

TEST_F(Firmware, EightAtOnce) {
  Serving serving;
  std::vector<std::thread> drivers;
  for (int each = 0; each < 8; ++each)
    drivers.emplace_back([each] {
      auto name = "eight-" + std::to_string(each);
      auto bytes = noise(300'000 + static_cast<std::size_t>(each));
      put(kFolder / name, bytes);
      expect_got(each % 2 ? request(name) : request_without_event(name), bytes);
    });
  for (auto& driver : drivers) driver.join();
}

TEST_F(Firmware, OneAfterTheOther) {
  const char* given = std::getenv("RINGSIDE_FIRMWARE_REQUESTS");
  int count = given ? std::atoi(given) : 100;
  auto bytes = noise(4000);
  Serving serving;
  for (int each = 0; each < count; ++each) {
    auto name = "row-" + std::to_string(each);
    put(kFolder / name, bytes);
    expect_got(request(name), bytes);
    std::filesystem::remove(kFolder / name);
  }
  RecordProperty("requests", count);
}

// Every thread that would work is stuck, as in a disk that does not answer.
TEST_F(Firmware, ATimeLimitAbortsAndTheNextIsServed) {
  put(kFolder / "stuck", "bytes");
  put(kFolder / "short", "bytes");
  Serving serving({"--timeout", "2"});
  {
    Stuck stuck(serving.child());
    EXPECT_EQ(request("stuck").error, ENOENT);
    EXPECT_TRUE(serving.says({"stuck", "late: time limit"})) << content_of(kLog);
  }
  expect_got(request("short"), "bytes");
}

TEST_F(Firmware, ADriverThatGivesUpDoesNoHarm) {
  put(kFolder / "given-up", "bytes");
  put(kFolder / "after", "bytes");
  Serving serving({"--timeout", "600"});
  {
    Stuck stuck(serving.child());
    set_patience(1);
    EXPECT_EQ(request("given-up").error, ETIMEDOUT);
    set_patience(60);
  }
  EXPECT_TRUE(serving.says({"given-up", "gone"})) << content_of(kLog);
  expect_got(request("after"), "bytes");
}

TEST_F(Firmware, AHundredMegabytesInConstantMemory) {
  constexpr std::size_t kBytes = 100 << 20;
  auto bytes = noise(kBytes);
  put(kFolder / "large", bytes);
  auto sum = sum_of(bytes);
  put("/tmp/list", hex(sum) + "  large\n");
  bytes = std::string();
  Serving serving({"--manifest", "/tmp/list", "--timeout", "500"});
  set_patience(500);
  auto answer = request("large");
  set_patience(60);
  EXPECT_EQ(answer.error, 0) << content_of(kLog);
  EXPECT_EQ(answer.bytes, kBytes);
  EXPECT_EQ(answer.sum, sum);
  RecordProperty("server-peak-KiB", static_cast<int>(serving.peak()));
  EXPECT_GT(serving.peak(), 0);
  EXPECT_LT(serving.peak(), 32 * 1024);
}

std::thread requesting(const std::string& name, std::atomic<int>& error) {
  return std::thread([&error, name] { error = request(name).error; });
}
bool is_pending(const std::string& name) {
  return std::filesystem::exists("/sys/class/firmware/" + name);
}

TEST_F(Firmware, AServerKilledInTheMiddleOfItIsReplaced) {
  put(kFolder / "halved", "");
  std::filesystem::resize_file(kFolder / "halved", 400'000'000);
  put(kFolder / "whole", noise(50'000));
  set_patience(10);
  std::atomic<int> error{-1};
  std::thread driver;
  {
    Serving serving({"--timeout", "600"});
    driver = requesting("halved", error);
    EXPECT_TRUE(
        guest::soon([] { return content_of("/sys/class/firmware/halved/loading") == "1\n"; }));
    EXPECT_EQ(serving.end(SIGKILL), -SIGKILL);
  }
  driver.join();
  EXPECT_EQ(error, ETIMEDOUT);
  set_patience(60);
  Serving serving;
  expect_got(request("whole"), noise(50'000));
}

TEST_F(Firmware, WhatIsPendingAtTheStartIsServed) {
  put(kFolder / "early", noise(50'000));
  put(kFolder / "early-half", noise(60'000));
  std::atomic<int> error{-1}, half{-1};
  auto driver = requesting("early", error), other = requesting("early-half", half);
  EXPECT_TRUE(guest::soon([] { return is_pending("early") && is_pending("early-half"); }));
  EXPECT_EQ(write_errno("/sys/class/firmware/early-half/loading", "1"), 0);  // and died
  EXPECT_EQ(write_errno("/sys/class/firmware/early-half/data", "half of"), 0);
  Serving serving;
  driver.join();
  other.join();
  EXPECT_EQ(error, 0);
  EXPECT_EQ(half, 0);
}

TEST_F(Firmware, UploadInterfacesAreLeftAlone) {
  put(kFolder / "upload", noise(5000));
  put(kFolder / "beside", noise(5000));
  Serving serving;
  if (write_errno(kTester + std::string("upload_register"), "upload") == EINVAL)
    GTEST_SKIP() << "this kernel has no CONFIG_FW_UPLOAD";
  EXPECT_TRUE(std::filesystem::exists("/sys/class/firmware/upload/remaining_size"));
  expect_got(request_without_event("beside"), noise(5000));
  EXPECT_FALSE(serving.has_said({"upload"})) << content_of(kLog);
  EXPECT_EQ(write_errno(kTester + std::string("upload_unregister"), "upload"), 0);
}

TEST_F(Firmware, ASecondServerSaysThatThereIsOne) {
  Serving serving;
  auto second = run_process({{guest::build_folder() / "ringside", "firmware", "serve"}, {}, {}});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 2);
  EXPECT_NE(second->err.find("another ringside serves it"), std::string::npos) << second->err;
}

// A driver that waits is killed at once, whoever would answer it.
TEST_F(Firmware, WhoeverWaitsCanBeKilled) {
  for (auto way : {RS_FIRMWARE_REQUEST, RS_FIRMWARE_NOUEVENT}) {
    auto name = "never-" + std::to_string(way);
    pid_t child = fork();
    if (child == 0) _exit(answer_to(ask_of(way, name)).error);
    EXPECT_TRUE(guest::soon([&] { return is_pending(name); }));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
  }
  Serving serving;  // ends what waits without an event, and holds the module
  EXPECT_TRUE(guest::soon([] { return !is_pending("never-2"); }));
}

Answer read_there(const std::string& name, const std::string& folder = kFolder) {
  return answer_to(ask_of(RS_FIRMWARE_READ, name, folder));
}

TEST_F(Firmware, TheKernelReadsTheSameBytes) {
  auto bytes = noise(3'000'000);
  put(kFolder / "both/same.bin", bytes);
  Serving serving;
  auto user = request("both/same.bin"), kernel = read_there("both/same.bin");
  expect_got(user, bytes);
  expect_got(kernel, bytes);
}

TEST_F(Firmware, TheKernelLooksWhereKernelsDo) {
  put("/lib/firmware/updates/rs/order.bin", "updates");
  put("/lib/firmware/rs/order.bin", "plain");
  expect_got(read_there("rs/order.bin", ""), "updates");
  put("/lib/firmware/updates/" + guest::release() + "/rs/order.bin", "release");
  expect_got(read_there("rs/order.bin", ""), "release");
}

TEST_F(Firmware, TheKernelRefusesWhatTheServerRefuses) {
  put("/tmp/secret", "secret");
  std::filesystem::create_symlink("/tmp/secret", kFolder / "link");
  std::filesystem::create_symlink("../secret", kFolder / "up");
  std::filesystem::create_directory(kFolder / "folder");
  put(kFolder / "empty", "");
  put(kFolder / "packed.xz", packed("bytes", Packing::kXz));
  ASSERT_EQ(mkfifo((kFolder / "fifo").c_str(), 0600), 0);
  for (auto name : {"..", "../secret", "a/../../secret", "/tmp/secret", "a//b", "./link", "a\nb"})
    EXPECT_EQ(read_there(name).error, EPERM) << name;
  EXPECT_EQ(read_there("link").error, ENOENT) << "its folder is its root";
  EXPECT_EQ(read_there("up").error, ENOENT);
  EXPECT_EQ(read_there("folder").error, EPERM);
  EXPECT_EQ(read_there("fifo").error, EPERM);
  EXPECT_EQ(read_there("empty").error, EINVAL);
  EXPECT_EQ(read_there("packed").error, ENOENT) << "uncompressed names only";
  EXPECT_EQ(read_there("none").error, ENOENT);
  EXPECT_EQ(read_there("a", "/nowhere").error, ENOENT);
}

template <class Change>
int changed_errno(Change change) {
  auto ask = ask_of(RS_FIRMWARE_READ, "a", kFolder);
  change(ask);
  UniqueFd device(open(RS_FIRMWARE_DEVICE, O_RDWR | O_CLOEXEC));
  return ioctl(device.get(), RS_FIRMWARE_IOC_ASK, &ask) == 0 ? 0 : errno;
}

TEST_F(Firmware, HostileCallsAreRefused) {
  put(kFolder / "a", "bytes");
  EXPECT_EQ(changed_errno([](auto&) {}), 0);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.size = 8; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.version = 0; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.version = 2; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.way = 0; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.way = 4; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.way = UINT32_MAX; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.reserved = 1; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.name[0] = 0; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { std::memset(ask.name, 'a', sizeof ask.name); }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.name[255] = 'a'; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.folder[255] = 'a'; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.folder[0] = 'a'; }), EINVAL);
  EXPECT_EQ(changed_errno([](auto& ask) { ask.way = RS_FIRMWARE_REQUEST; }), EINVAL);
  UniqueFd device(open(RS_FIRMWARE_DEVICE, O_RDWR | O_CLOEXEC));
  EXPECT_EQ(ioctl(device.get(), RS_FIRMWARE_IOC_ASK, nullptr), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(ioctl(device.get(), _IOWR('R', 0xa0, int), nullptr), -1);
  EXPECT_EQ(errno, ENOTTY);
  void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_EQ(ioctl(device.get(), RS_FIRMWARE_IOC_ASK, page), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST_F(Firmware, OnlyForRoot) {
  struct stat status;
  ASSERT_EQ(stat(RS_FIRMWARE_DEVICE, &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  UniqueFd device(open(RS_FIRMWARE_DEVICE, O_RDWR | O_CLOEXEC));
  pid_t child = fork();
  if (child == 0) {
    auto ask = ask_of(RS_FIRMWARE_READ, "a", kFolder);
    if (setuid(65534) != 0) _exit(99);
    _exit(ioctl(device.get(), RS_FIRMWARE_IOC_ASK, &ask) == 0 ? 0 : errno);
  }
  int exit_status = -1;
  ASSERT_EQ(waitpid(child, &exit_status, 0), child);
  EXPECT_EQ(WEXITSTATUS(exit_status), EPERM);
}

}  // namespace
}  // namespace ringside::firmware
