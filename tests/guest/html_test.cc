// ringside_html.ko in a stock kernel: the text of the same vectors as the core's, from every kind
// of file; what it refuses; that it can be killed; that it comes and goes without a trace. As root.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/guest/module.hh"
#include "tests/unit/html_strip.hh"
#include "tests/unit/html_vectors.hh"
#include "user/html/device.hh"

namespace ringside::html {
namespace {

class HtmlModule : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_html")); }
  static void TearDownTestSuite() { EXPECT_TRUE(guest::unload("ringside_html")); }
};

UniqueFd file_of(std::string_view content) {
  UniqueFd fd(memfd_create("page", MFD_CLOEXEC));
  EXPECT_EQ(write(fd.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
  EXPECT_EQ(lseek(fd.get(), 0, SEEK_SET), 0);
  return fd;
}

// All text, read in pieces of at most `room` bytes.
std::string read_all(Device& device, std::size_t room = 65536) {
  std::vector<std::byte> piece(room);
  std::string text;
  for (;;) {
    auto read = device.read(piece, "page");
    EXPECT_TRUE(read) << read.error().message;
    if (!read || read->empty()) return text;
    text.append(reinterpret_cast<const char*>(read->data()), read->size());
  }
}

std::string strip_there(int fd, bool raw = true, std::uint32_t flags = 0,
                        std::size_t room = 65536) {
  auto device = Device::open();
  EXPECT_TRUE(device) << device.error().message;
  auto taken = device->source(fd, "page", raw, flags);
  EXPECT_TRUE(taken) << taken.error().message;
  return taken ? read_all(*device, room) : "";
}

// A large page, of which much is in states that hold something back at the end of a slice.
std::string large_page(std::size_t bytes) {
  std::string page;
  for (unsigned each = 0; page.size() < bytes; ++each) {
    page += "<p class=\"c" + std::to_string(each) + "\">text &amp; more &notin; \r\n<!-- x -->";
    page +=
        each % 7 ? "<a href='y'>a</a><script>if (a</b) <!--</script>" : "<title>a</titl</title>";
  }
  return page;
}

TEST_F(HtmlModule, GivesTheCharactersOfEveryVector) {
  for (const auto& [state, input, text] : test::vectors()) {
    auto page = file_of(input);
    EXPECT_EQ(strip_there(page.get()), text) << state << ": " << input;
    EXPECT_EQ(strip_there(page.get(), true, RS_HTML_PORTABLE, 1), text) << state << ": " << input;
  }
  for (const auto& [rule, input, text] : test::page_vectors())
    EXPECT_EQ(strip_there(file_of(input).get(), false), text) << rule << ": " << input;
}

TEST_F(HtmlModule, GivesTheSameTextAsTheCoreHere) {
  auto page = large_page(1 << 20);
  auto file = file_of(page);
  for (bool raw : {true, false}) {
    auto here = test::strip(page, raw ? Stripper::kRaw : Stripper::kPage);
    EXPECT_TRUE(strip_there(file.get(), raw) == here);
    EXPECT_TRUE(strip_there(file.get(), raw, RS_HTML_PORTABLE) == here);
    EXPECT_TRUE(strip_there(file.get(), raw, 0, 777) == here);
  }
}

TEST_F(HtmlModule, ReadsAPipeAsItsPiecesCome) {
  auto page = large_page(20'000);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd from(ends[0]), to(ends[1]);
  std::thread writer([&] {
    for (std::size_t at = 0; at < page.size(); at += 13)
      if (write(to.get(), page.data() + at, std::min<std::size_t>(13, page.size() - at)) < 0) break;
    to.reset();
  });
  EXPECT_EQ(strip_there(from.get()), test::strip(page));
  writer.join();
}

TEST_F(HtmlModule, GivesTextBeforeAPipeEnds) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd from(ends[0]), to(ends[1]);
  auto device = Device::open();
  ASSERT_TRUE(device->source(from.get(), "pipe", true));
  ASSERT_EQ(write(to.get(), "<b>one", 6), 6);
  std::vector<std::byte> room(4096);
  auto text = device->read(room, "pipe");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->size(), 3u);
}

TEST_F(HtmlModule, ReadsFilesWithoutAPlainRead) {
  // Of these kernel_read() refuses the ones that only know how to fill a user's buffer.
  for (const char* name :
       {"/proc/version", "/proc/self/status", "/sys/kernel/notes", "/proc/sys/kernel/osrelease",
        "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/self/maps"}) {
    UniqueFd fd(open(name, O_RDONLY | O_CLOEXEC));
    if (!fd) continue;
    auto text = strip_there(fd.get());
    EXPECT_FALSE(text.empty()) << name;
  }
  UniqueFd release(open("/proc/sys/kernel/osrelease", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(strip_there(release.get()), guest::release() + "\n");
  UniqueFd zeros(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  auto device = Device::open();
  ASSERT_TRUE(device->source(zeros.get(), "/dev/zero", true));
  std::vector<std::byte> room(100'000);
  auto text = device->read(room, "/dev/zero");
  ASSERT_TRUE(text);
  EXPECT_TRUE(std::ranges::all_of(*text, [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST_F(HtmlModule, BeginsAtThePositionAndKeepsIt) {
  auto page = file_of("<b>hidden</b><i>seen");
  ASSERT_EQ(lseek(page.get(), 13, SEEK_SET), 13);
  auto device = Device::open();
  ASSERT_TRUE(device->source(page.get(), "page", true));
  EXPECT_EQ(lseek(page.get(), 0, SEEK_CUR), 13);
  page.reset();  // the kernel keeps the file
  EXPECT_EQ(read_all(*device), "seen");
}

template <class Call>
int call_errno(unsigned long command, Call call) {
  UniqueFd fd(open(RS_HTML_DEVICE, O_RDONLY | O_CLOEXEC));
  return ioctl(fd.get(), command, &call) == 0 ? 0 : errno;
}

TEST_F(HtmlModule, RefusesEveryFieldThatTheAbiDoesNotKnow) {
  auto page = file_of("x");
  auto wrong = [&](auto change) {
    rs_html_source source{};
    source.size = sizeof(source);
    source.version = RS_HTML_VERSION;
    source.fd = page.get();
    change(source);
    return call_errno(RS_HTML_IOC_SOURCE, source);
  };
  EXPECT_EQ(wrong([](auto&) {}), 0);
  EXPECT_EQ(wrong([](auto& call) { call.size = 8; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.version = 0; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.version = 2; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.flags = RS_HTML_FLAGS + 1; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.flags = UINT32_MAX; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.reserved = 1; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.offset = UINT64_MAX; }), EINVAL);
  EXPECT_EQ(wrong([](auto& call) { call.fd = -1; }), EBADF);
  EXPECT_EQ(wrong([](auto& call) { call.fd = 100'000; }), EBADF);
  EXPECT_EQ(call_errno(0x12345678, rs_html_source{}), ENOTTY);
  rs_html_status status{};
  EXPECT_EQ(call_errno(RS_HTML_IOC_STATUS, status), EINVAL);
  status.size = sizeof(status);
  status.version = RS_HTML_VERSION;
  EXPECT_EQ(call_errno(RS_HTML_IOC_STATUS, status), 0);
  status.reserved = 1;
  EXPECT_EQ(call_errno(RS_HTML_IOC_STATUS, status), EINVAL);
}

TEST_F(HtmlModule, MeasuresReadsWithinLimits) {
  auto page = file_of("text");
  auto device = Device::open();
  auto cost =
      device->read_cost(page.get(), 4, RS_HTML_ROUNDS_MAX);  // some clocks have ticks of 4 ms
  ASSERT_TRUE(cost);
  EXPECT_GT(*cost, 0u);
  auto refused = [&](std::uint64_t bytes, std::uint32_t rounds) {
    return device->read_cost(page.get(), bytes, rounds) ? 0 : errno;
  };
  EXPECT_EQ(refused(0, 1), EINVAL);
  EXPECT_EQ(refused(RS_HTML_READ_MAX + 1, 1), E2BIG);
  EXPECT_EQ(refused(UINT64_MAX, 1), E2BIG);
  EXPECT_EQ(refused(1, RS_HTML_ROUNDS_MAX + 1), E2BIG);
}

int source_errno(int fd) {
  auto device = Device::open();
  EXPECT_TRUE(device);
  return device->source(fd, "source", true) ? 0 : errno;
}

TEST_F(HtmlModule, TakesNoFileThatItCannotOrMustNotRead) {
  UniqueFd write_only(open("/tmp/html-write-only", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  EXPECT_EQ(source_errno(write_only.get()), EBADF);
  UniqueFd path_only(open("/proc/version", O_PATH | O_CLOEXEC));
  EXPECT_EQ(source_errno(path_only.get()), EBADF);
  UniqueFd folder(open("/", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(source_errno(folder.get()), EINVAL);
  UniqueFd other(open(RS_HTML_DEVICE, O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(source_errno(other.get()), EINVAL);
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  UniqueFd one(pair[0]), two(pair[1]);
  EXPECT_EQ(source_errno(one.get()), EINVAL);
}

TEST_F(HtmlModule, TakesOneSourceAndNoReadBeforeIt) {
  auto page = file_of("<b>x");
  auto device = Device::open();
  std::vector<std::byte> room(16);
  ASSERT_FALSE(device->read(room, "nothing"));
  EXPECT_EQ(errno, ENODATA);
  ASSERT_TRUE(device->source(page.get(), "page", true));
  ASSERT_FALSE(device->source(page.get(), "page", true));
  EXPECT_EQ(errno, EBUSY);
  EXPECT_EQ(read_all(*device), "x");
  EXPECT_EQ(read_all(*device), "");
}

TEST_F(HtmlModule, ABadBufferIsAnErrorAndNoMore) {
  auto page = file_of("text");
  UniqueFd fd(open(RS_HTML_DEVICE, O_RDONLY | O_CLOEXEC));
  rs_html_source source{sizeof(source), RS_HTML_VERSION, page.get(), RS_HTML_RAW, 0, 0};
  ASSERT_EQ(ioctl(fd.get(), RS_HTML_IOC_SOURCE, &source), 0);
  void* nowhere = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_EQ(::read(fd.get(), nowhere, 16), -1);
  EXPECT_EQ(errno, EFAULT);
  char text[16];
  EXPECT_EQ(::read(fd.get(), text, sizeof(text)), 4);
}

TEST_F(HtmlModule, IsForEveryUserByTheirOwnRights) {
  pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(99);
    auto page = file_of("<b>mine");
    _exit(strip_there(page.get()) == "mine" ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(HtmlModule, ServesSeveralAtOnce) {
  auto page = large_page(300'000);
  auto here = test::strip(page);
  std::vector<std::thread> users;
  std::atomic<int> right{0};
  for (int each = 0; each < 8; ++each)
    users.emplace_back([&] {
      auto file = file_of(page);
      right += strip_there(file.get(), true, each % 2 ? RS_HTML_PORTABLE : 0, 5000) == here;
    });
  for (auto& user : users) user.join();
  EXPECT_EQ(right, 8);
}

TEST_F(HtmlModule, SeveralReadersOfOneFileGetEachByteOnce) {
  auto page = file_of(large_page(500'000));
  auto whole = strip_there(page.get());
  auto device = Device::open();
  ASSERT_TRUE(device->source(page.get(), "page", true));
  std::atomic<std::size_t> bytes{0};
  std::vector<std::thread> readers;
  for (int each = 0; each < 4; ++each)
    readers.emplace_back([&] { bytes += read_all(*device, 1000).size(); });
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(bytes, whole.size());
}

// Kills a child that reads without an end, when it has begun to.
void kill_reader_of(int source) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    auto device = Device::open();
    if (!device->source(source, "endless", true)) _exit(1);
    std::vector<std::byte> room(1 << 20);
    if (write(ends[1], "x", 1) != 1) _exit(1);
    for (;;) (void)device->read(room, "endless");
  }
  char begun;
  ASSERT_EQ(::read(ends[0], &begun, 1), 1);
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  close(ends[0]);
  close(ends[1]);
}

TEST_F(HtmlModule, AReaderThatIsKilledEndsAtOnce) {
  UniqueFd zeros(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  kill_reader_of(zeros.get());
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd from(ends[0]), to(ends[1]);
  kill_reader_of(from.get());  // waits for a writer that never comes
  ASSERT_EQ(write(to.get(), "<!--", 4), 4);
  kill_reader_of(from.get());  // the same, in markup that has no text
}

TEST_F(HtmlModule, CountsWhatItDid) {
  auto page = file_of(large_page(100'000));
  auto device = Device::open();
  ASSERT_TRUE(device->source(page.get(), "page", true));
  auto text = read_all(*device);
  auto status = device->status();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->input_bytes,
            std::filesystem::file_size("/proc/self/fd/" + std::to_string(page.get())));
  EXPECT_EQ(status->text_bytes, text.size());
  EXPECT_EQ(status->slices, (status->input_bytes + kSlice - 1) / kSlice);
  EXPECT_GT(status->core_ns, status->fpu_ns);
}

TEST(HtmlModuleLife, ComesAndGoesWithoutATrace) {
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(guest::load("ringside_html"));
    ASSERT_TRUE(std::filesystem::exists(RS_HTML_DEVICE));
    ASSERT_TRUE(guest::unload("ringside_html"));
    ASSERT_FALSE(std::filesystem::exists("/sys/module/ringside_html"));
  }
}

}  // namespace
}  // namespace ringside::html
