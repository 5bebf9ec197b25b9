// user/firmware against folders that look like the kernel's: what is written to `loading` and
// `data`, in which order, from which file, and what the log says of it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/image_writer.hh"
#include "tests/unit/temporary.hh"
#include "user/firmware/folder.hh"
#include "user/firmware/server.hh"

namespace ringside::firmware {
namespace {

std::string hex_sum(const std::string& bytes) {
  unsigned char sum[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), sum);
  std::string hex;
  for (auto byte : sum) {
    constexpr const char* kDigits = "0123456789abcdef";
    hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return hex;
}

std::string packed(const std::string& bytes, Packing packing) {
  auto content = test::pack(as_bytes(bytes), packing);
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

// Bytes that do not pack well, the same on every run.
std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 7;
  for (auto& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

class FirmwareServer : public TemporaryTest {
 protected:
  void SetUp() override {
    TemporaryTest::SetUp();
    std::filesystem::create_directory(requests());
    std::filesystem::create_directory(files());
    settings_.folders = {files()};
    settings_.requests = requests();
    settings_.log = [this](const Record& record) {
      std::lock_guard lock(mutex_);
      records_.push_back(record);
    };
    settings_.complain = [](const std::string& what) { ADD_FAILURE() << what; };
    ASSERT_EQ(pipe2(stop_, O_CLOEXEC), 0);
  }
  void TearDown() override {
    stop();
    close(stop_[0]);
    close(stop_[1]);
    TemporaryTest::TearDown();
  }
  std::filesystem::path requests() const { return folder_ / "class"; }
  std::filesystem::path files() const { return folder_ / "firmware"; }

  void ask(const std::string& name, const std::string& timeout = "60") {
    auto device = name;
    std::replace(device.begin(), device.end(), '/', '!');
    auto made = folder_ / "made" / device;  // moved in whole, as the kernel does it
    write(made / "uevent", "FIRMWARE=" + name + "\nTIMEOUT=" + timeout + "\nASYNC=0\n");
    write(made / "loading", "0");
    write(made / "data", "");
    std::filesystem::rename(made, requests() / device);
  }
  void serve() {
    auto server = Server::create(settings_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::thread(
        [this, server = std::make_shared<Server>(*std::move(server))] { server->run(stop_[0]); });
  }
  void stop() {
    if (!server_.joinable()) return;
    ASSERT_EQ(::write(stop_[1], "x", 1), 1);
    server_.join();
  }
  void wait_for(std::size_t records) {
    for (int tries = 0; tries < 3000; ++tries) {
      {
        std::lock_guard lock(mutex_);
        if (records_.size() >= records) return;
      }
      usleep(10'000);
    }
    FAIL() << "no verdict";
  }
  // The one on the only request so far.
  Record verdict() {
    wait_for(1);
    std::lock_guard lock(mutex_);
    return records_.empty() ? Record() : records_.back();
  }
  Record served(const std::string& name) {
    ask(name);
    serve();
    return verdict();
  }
  std::string loading(const std::string& device) { return read(requests() / device / "loading"); }
  std::string data(const std::string& device) { return read(requests() / device / "data"); }
  void expect_aborted(const std::string& name, Verdict expected, const std::string& why) {
    auto record = served(name);
    EXPECT_EQ(record.verdict, expected) << record.why;
    EXPECT_NE(record.why.find(why), record.why.npos) << record.why;
    std::replace(record.name.begin(), record.name.end(), '/', '!');
    EXPECT_EQ(loading(record.name), "-1");
  }
  void list(const std::string& text) {
    write(folder_ / "list", text);
    auto list = List::open(folder_ / "list");
    ASSERT_TRUE(list) << list.error().message;
    settings_.list = *std::move(list);
  }

  Settings settings_;
  std::mutex mutex_;
  std::vector<Record> records_;
  int stop_[2];
  std::thread server_;
};

TEST_F(FirmwareServer, ServesWhatWasPendingBeforeIt) {
  write(files() / "a" / "b", "bytes");
  auto record = served("a/b");
  EXPECT_EQ(record.verdict, Verdict::kLoaded);
  EXPECT_EQ(record.bytes, 5u);
  EXPECT_EQ(record.name, "a/b");
  EXPECT_EQ(record.file, files() / "a" / "b");
  EXPECT_EQ(record.asker, "-");
  EXPECT_EQ(data("a!b"), "bytes");
  EXPECT_EQ(loading("a!b"), "0");
}

TEST_F(FirmwareServer, TakesOverFromAServerThatWasKilled) {
  write(files() / "a", "bytes");
  ask("a");
  write(requests() / "a" / "loading", "1");
  serve();
  EXPECT_EQ(verdict().verdict, Verdict::kLoaded);
}

TEST_F(FirmwareServer, FindsRequestsThatSendNoEvent) {
  write(files() / "a", "bytes");
  serve();
  usleep(300'000);
  ask("a");
  EXPECT_EQ(verdict().verdict, Verdict::kLoaded);
}

TEST_F(FirmwareServer, LeavesAloneWhatSomebodyElseHasBegun) {
  write(files() / "a", "bytes");
  write(files() / "b", "bytes");
  serve();
  usleep(300'000);
  write(folder_ / "made" / "a" / "loading", "1");
  write(folder_ / "made" / "a" / "data", "theirs");
  write(folder_ / "made" / "a" / "uevent", "FIRMWARE=a\nTIMEOUT=60\n");
  std::filesystem::rename(folder_ / "made" / "a", requests() / "a");
  ask("b");
  EXPECT_EQ(verdict().name, "b");
  usleep(600'000);
  EXPECT_EQ(data("a"), "theirs");
  EXPECT_EQ(records_.size(), 1u);
}

TEST_F(FirmwareServer, LeavesUploadInterfacesAlone) {
  write(files() / "a", "bytes");
  write(requests() / "a" / "uevent", "FIRMWARE=a\nTIMEOUT=60\n");
  write(requests() / "a" / "loading", "0");
  write(requests() / "a" / "data", "");
  write(requests() / "a" / "remaining_size", "0");
  write(files() / "b", "bytes");
  EXPECT_EQ(served("b").name, "b");
  usleep(600'000);
  EXPECT_EQ(data("a"), "");
  EXPECT_EQ(loading("a"), "0");
}

TEST_F(FirmwareServer, UnpacksXzAndZstd) {
  auto bytes = noise(300'000) + std::string(500'000, 'x');
  write(files() / "a.xz", packed(bytes, Packing::kXz));
  write(files() / "b.zst", packed(bytes, Packing::kZstd));
  write(files() / "c.xz", packed(bytes, Packing::kXz) + packed("more", Packing::kXz));
  write(files() / "d.zst", packed(bytes, Packing::kZstd) + packed("more", Packing::kZstd));
  for (auto name : {"a", "b", "c", "d"}) ask(name);
  serve();
  wait_for(4);
  stop();
  ASSERT_EQ(records_.size(), 4u);
  for (const auto& record : records_) EXPECT_EQ(record.verdict, Verdict::kLoaded) << record.why;
  EXPECT_TRUE(data("a") == bytes && data("b") == bytes);
  EXPECT_TRUE(data("c") == bytes + "more" && data("d") == bytes + "more");
}

TEST_F(FirmwareServer, SearchesFoldersInOrderAndFormsWithinEach) {
  settings_.folders = {folder_ / "nowhere", files(), folder_ / "second"};
  write(files() / "a.zst", packed("first", Packing::kZstd));
  write(folder_ / "second" / "a", "second");
  EXPECT_EQ(served("a").file, files() / "a.zst");
  EXPECT_EQ(data("a"), "first");
}

TEST_F(FirmwareServer, AbortsWhatIsNotThere) {
  expect_aborted("none", Verdict::kNotFound, "");
}

TEST_F(FirmwareServer, DamageIsSaidAndAborted) {
  auto whole = packed(noise(100'000), Packing::kXz);
  write(files() / "a.xz", whole.substr(0, whole.size() - 20));
  expect_aborted("a", Verdict::kFailed, "damaged or cut short");
}

TEST_F(FirmwareServer, DamagedZstdToo) {
  auto whole = packed(noise(100'000), Packing::kZstd);
  write(files() / "a.zst", whole.substr(0, whole.size() - 20));
  expect_aborted("a", Verdict::kFailed, "damaged or cut short");
}

TEST_F(FirmwareServer, BytesBehindTheEndAreDamage) {
  write(files() / "a.zst", packed("bytes", Packing::kZstd) + "behind it");
  expect_aborted("a", Verdict::kFailed, "damaged or cut short");
}

// A frame whose header asks for a window of 128 MiB (RFC 8878, 3.1.1.1), and of 64 MiB.
TEST_F(FirmwareServer, AWindowHasItsLimit) {
  constexpr std::string_view kFrame("\x28\xb5\x2f\xfd\0\x88\x29\0\0bytes", 14);
  std::string frame(kFrame);
  write(files() / "a.zst", frame);
  frame[5] = '\x80';
  write(files() / "b.zst", frame);
  ask("b");
  ask("a");
  serve();
  wait_for(2);
  stop();
  EXPECT_EQ(data("b"), "bytes");
  EXPECT_EQ(loading("a"), "-1");
  for (const auto& record : records_) {
    bool is_large = record.name == "a";
    EXPECT_EQ(record.verdict, is_large ? Verdict::kFailed : Verdict::kLoaded) << record.why;
    EXPECT_EQ(record.why.find("wants a window of more than 64 MiB") != record.why.npos, is_large);
  }
}

TEST_F(FirmwareServer, AnEmptyFileIsRefused) {
  write(files() / "a", "");
  expect_aborted("a", Verdict::kRefused, "empty");
}

TEST_F(FirmwareServer, NamesThatLeadElsewhereAreRefused) {
  write(folder_ / "secret", "secret");
  expect_aborted("../secret", Verdict::kRefused, "component is . or ..");
}

TEST_F(FirmwareServer, LinksThatLeadOutAreRefused) {
  write(folder_ / "secret", "secret");
  std::filesystem::create_symlink("../secret", files() / "a");
  expect_aborted("a", Verdict::kRefused, "leads out of its folder");
}

TEST_F(FirmwareServer, AbsoluteLinksToo) {
  write(files() / "b", "bytes");
  std::filesystem::create_symlink(files() / "b", files() / "a");
  expect_aborted("a", Verdict::kRefused, "leads out of its folder");
}

TEST_F(FirmwareServer, LinksWithinAreFollowed) {
  write(files() / "b" / "c", "bytes");
  std::filesystem::create_directory(files() / "d");
  std::filesystem::create_symlink("../b/c", files() / "d" / "a");
  EXPECT_EQ(served("d/a").verdict, Verdict::kLoaded);
}

TEST_F(FirmwareServer, AFolderIsNoFirmware) {
  std::filesystem::create_directory(files() / "a");
  expect_aborted("a", Verdict::kRefused, "not a regular file");
}

TEST_F(FirmwareServer, NobodyWaitsForAFifo) {
  ASSERT_EQ(mkfifo((files() / "a").c_str(), 0600), 0);
  expect_aborted("a", Verdict::kRefused, "not a regular file");
}

TEST_F(FirmwareServer, TheManifestLetsThroughWhatItLists) {
  auto bytes = noise(200'000);
  write(files() / "a.xz", packed(bytes, Packing::kXz));
  list(hex_sum(bytes) + "  a\n");
  EXPECT_EQ(served("a").verdict, Verdict::kLoaded);
  EXPECT_TRUE(data("a") == bytes);
}

TEST_F(FirmwareServer, TheManifestRefusesOtherBytes) {
  write(files() / "a", noise(200'000));
  list(hex_sum("others") + "  a\n");
  expect_aborted("a", Verdict::kRefused, "not the bytes that the manifest lists");
}

TEST_F(FirmwareServer, TheManifestRefusesWhatItDoesNotList) {
  write(files() / "a", "bytes");
  list(hex_sum("bytes") + "  b\n");
  expect_aborted("a", Verdict::kRefused, "not in the manifest");
  EXPECT_EQ(data("a"), "");
}

TEST_F(FirmwareServer, AManifestWithDamageIsNoManifest) {
  for (auto text : {std::string("x"), hex_sum("a") + "  a\n" + hex_sum("b") + "  a\n"}) {
    write(folder_ / "list", text);
    EXPECT_FALSE(List::open(folder_ / "list")) << text;
  }
  EXPECT_FALSE(List::open(folder_ / "none"));
  EXPECT_FALSE(List::open(folder_));
}

// A kernel that takes no more bytes: the thread that writes is stuck, and the request ends without.
TEST_F(FirmwareServer, ATimeLimitEndsWhatIsStuck) {
  write(files() / "a", noise(300'000));
  ask("a", "1");
  auto pipe = requests() / "a" / "data";
  std::filesystem::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  UniqueFd reader(open(pipe.c_str(), O_RDWR | O_CLOEXEC));
  serve();
  auto record = verdict();
  EXPECT_EQ(record.verdict, Verdict::kLate);
  EXPECT_EQ(loading("a"), "-1");
  EXPECT_LT(record.took.count(), 30);
  stop();
  std::string taken(1 << 20, '\0');  // the thread goes on, and must not begin anew
  for (std::size_t bytes = 0; bytes < 64 * 1024;) {
    auto size = ::read(reader.get(), taken.data(), taken.size());
    ASSERT_GT(size, 0);
    bytes += static_cast<std::size_t>(size);
  }
  usleep(100'000);
  EXPECT_EQ(loading("a"), "-1");
  EXPECT_EQ(records_.size(), 1u);
}

TEST_F(FirmwareServer, WhatIsBegunIsFinishedBeforeItEnds) {
  auto bytes = noise(300'000);
  write(files() / "a", bytes);
  ask("a");
  auto pipe = requests() / "a" / "data";
  std::filesystem::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  UniqueFd reader(open(pipe.c_str(), O_RDWR | O_CLOEXEC));
  serve();
  while (loading("a") != "1") usleep(1000);
  ASSERT_EQ(::write(stop_[1], "x", 1), 1);
  std::string taken(bytes.size(), '\0');
  for (std::size_t at = 0; at < taken.size();) {
    auto size = ::read(reader.get(), taken.data() + at, taken.size() - at);
    ASSERT_GT(size, 0);
    at += static_cast<std::size_t>(size);
  }
  server_.join();
  EXPECT_TRUE(taken == bytes);
  EXPECT_EQ(verdict().verdict, Verdict::kLoaded);
  EXPECT_EQ(loading("a"), "0");
}

TEST_F(FirmwareServer, ServesManyAtOnce) {
  constexpr int kMany = 100;
  for (int each = 0; each < kMany; ++each) {
    auto name = std::to_string(each);
    write(files() / name, noise(1000 + static_cast<std::size_t>(each)));
    ask(name);
  }
  serve();
  wait_for(kMany);
  stop();
  EXPECT_EQ(records_.size(), std::size_t{kMany});
  for (int each = 0; each < kMany; ++each)
    EXPECT_EQ(data(std::to_string(each)).size(), 1000u + static_cast<unsigned>(each));
}

TEST_F(FirmwareServer, OneServesAtATime) {
  serve();
  auto second = Server::create(settings_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("another"), std::string::npos);
  stop();
}

TEST(FirmwareFolders, AreTheKernelsOwn) {
  auto folders = default_folders();
  ASSERT_EQ(folders.size(), 4u);
  EXPECT_TRUE(folders[0].native().starts_with("/lib/firmware/updates/"));
  EXPECT_EQ(folders[1], "/lib/firmware/updates");
  EXPECT_EQ(folders[3], "/lib/firmware");
}

}  // namespace
}  // namespace ringside::firmware
