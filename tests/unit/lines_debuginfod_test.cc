// Debug information by build-id from a real debuginfod server (Debian's), run here on a folder of
// the test's own.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "tests/unit/compiled.hh"
#include "tests/unit/temporary.hh"
#include "user/base/unique_fd.hh"
#include "user/lines/debug_places.hh"

namespace ringside {
namespace {

// A port that nobody listens on now.
int free_port() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return 0;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

class Server {
 public:
  Server(const std::string& program, int port, const std::string& folder)
      : port_(std::to_string(port)), child_(fork()) {
    if (child_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 1);
    dup2(null, 2);
    execl(program.c_str(), "debuginfod", "-p", port_.c_str(), "-d", ":memory:", "-F",
          folder.c_str(), nullptr);
    _exit(127);
  }
  ~Server() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

 private:
  std::string port_;
  pid_t child_;
};

class LinesDebuginfodTest : public TemporaryTest {
 protected:
  void TearDown() override {
    unsetenv("DEBUGINFOD_URLS");
    unsetenv("DEBUGINFOD_CACHE_PATH");
    TemporaryTest::TearDown();
  }

  // The client remembers what a server did not have: each try has a cache of its own.
  Outcome<lines::SourceIndex> ask(const std::string& id, int attempt) const {
    auto cache = folder_ / ("client-" + std::to_string(attempt));
    setenv("DEBUGINFOD_CACHE_PATH", cache.c_str(), 1);
    lines::Places nowhere{.root = folder_ / "nowhere", .given = {}};
    return find_lines({.release = "", .build_id = id, .module = ""}, nowhere);
  }
};

TEST_F(LinesDebuginfodTest, AskedOnlyWhereTheUserHasSetIt) {
  auto program = find_program("debuginfod");
  if (!program) GTEST_SKIP() << "no debuginfod here: install debuginfod";
  write(folder_ / "inlined.c", test::kInlinedSource);
  std::filesystem::create_directories(folder_ / "served");
  auto file = test::compile(folder_, "served/program", "gcc", test::linked({"-g"}));
  ASSERT_TRUE(file) << file.error().message;
  auto id = *lines::DebugFile::build_id_of(*file);
  auto port = free_port();
  Server server(program->string(), port, folder_ / "served");

  unsetenv("DEBUGINFOD_URLS");
  auto unasked = ask(id, 0);
  ASSERT_FALSE(unasked);
  EXPECT_NE(unasked.error().message.find("or set DEBUGINFOD_URLS"), std::string::npos);

  setenv("DEBUGINFOD_URLS", ("http://127.0.0.1:" + std::to_string(port)).c_str(), 1);
  auto found = ask(id, 1);
  auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  for (int attempt = 2; !found && std::chrono::steady_clock::now() < limit; ++attempt) {
    usleep(100'000);  // the server is still starting or reading its folder
    found = ask(id, attempt);
  }
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->build_id(), id);

  auto unknown = ask("0123456789012345678901234567890123456789", 0);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("debuginfod has no"), std::string::npos);
}

}  // namespace
}  // namespace ringside
