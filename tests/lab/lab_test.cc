// The lab itself, in real guests with TCG. One guest of 6.1 serves every test that leaves it whole;
// a test that ends its guest has its own.
#include "lab/lab.hh"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <random>
#include <sstream>
#include <thread>

#include "lab/initramfs.hh"
#include "lab/module_files.hh"
#include "user/base/unique_fd.hh"

namespace ringside::lab {
namespace {

namespace fs = std::filesystem;

// A directory on the host that guests see: /tmp is their own, so it lies in /var/tmp.
class HostDirectory {
 public:
  HostDirectory() {
    char name[] = "/var/tmp/ringside-lab-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~HostDirectory() { fs::remove_all(path_); }
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_all(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string random_bytes(std::size_t size) {
  std::mt19937 random(20021027);
  std::string bytes(size, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

Outcome<Session> boot(const std::string& kernel, Options options = {}) {
  options.accel = Accel::kTcg;
  auto found = TRY(find_kernel(kernel));
  return Session::boot(found, options);
}

Request shell(const std::string& script) {
  Request request;
  request.argv = {"/bin/sh", "-c", script};
  return request;
}

const fs::path& out_directory() {
  static HostDirectory directory;
  return directory.path();
}

// The guest that all gentle tests share; made by the first of them.
Session& shared() {
  static auto session = [] {
    Options options;
    options.out = out_directory();
    return boot("6.1", options);
  }();
  if (!session) {
    ADD_FAILURE() << session.error().message;
    std::exit(1);
  }
  return *session;
}

TEST(LabRun, ExitStatusesArePassedOn) {
  for (int status : {0, 1, 7, 120, 255}) {
    auto result = shared().run(shell(fmt::format("exit {}", status)));
    EXPECT_EQ(result.ending, Ending::kExit) << result.message;
    EXPECT_EQ(result.status, status);
  }
  auto result = shared().run(shell("kill -TERM $$"));
  EXPECT_EQ(result.ending, Ending::kSignal);
  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_EQ(result.status, 128 + SIGTERM);
}

TEST(LabRun, MissingAndUnrunnableCommandsAreAsInSh) {
  Request request;
  request.argv = {"no-such-command"};
  auto result = shared().run(request);
  EXPECT_EQ(result.status, kNotFound);
  EXPECT_NE(result.err.find("no-such-command"), std::string::npos);
  request.argv = {"/etc/passwd"};
  EXPECT_EQ(shared().run(request).status, kNotExecutable);
}

TEST(LabRun, StreamsAreSeparateAndBinaryClean) {
  auto request = shell("tee /dev/stderr");
  request.input = random_bytes(1 << 20);
  auto result = shared().run(request);
  EXPECT_EQ(result.status, 0);
  EXPECT_TRUE(result.out == request.input) << result.out.size();
  EXPECT_TRUE(result.err == request.input) << result.err.size();
}

TEST(LabRun, EmptyInputEnds) {
  auto result = shared().run(shell("cat; echo end"));
  EXPECT_EQ(result.out, "end\n");
}

TEST(LabRun, MuchOutputWhileInputStaysOpen) {
  int input[2];
  ASSERT_EQ(pipe2(input, O_CLOEXEC), 0);
  UniqueFd reader(input[0]), writer(input[1]);
  auto request = shell("head -c 3000000 /dev/zero; echo done >&2");
  request.input_fd = reader.get();
  auto result = shared().run(request);
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, std::string(3000000, '\0'));
  EXPECT_EQ(result.err, "done\n");
}

TEST(LabRun, InputThatNobodyReadsDoesNoHarm) {
  auto request = shell("exit 4");
  request.input = random_bytes(1 << 20);
  EXPECT_EQ(shared().run(request).status, 4);
  request = shell("cat");
  request.input = "mine";
  EXPECT_EQ(shared().run(request).out, "mine");  // and not the rest of the command before
}

TEST(LabRun, CommandsRunInOrderInOneGuest) {
  auto boot_id = shared().run(shell("cat /proc/sys/kernel/random/boot_id; echo 1 > /tmp/n")).out;
  for (int i = 2; i <= 5; ++i) {
    auto result = shared().run(shell(fmt::format("cat /tmp/n; echo {} > /tmp/n", i)));
    EXPECT_EQ(result.out, fmt::format("{}\n", i - 1));
  }
  EXPECT_EQ(shared().run(shell("cat /proc/sys/kernel/random/boot_id")).out, boot_id);
}

TEST(LabRun, BackgroundChildrenHoldNothingUp) {
  auto result = shared().run(shell("sleep 1000 & (yes &) ; echo started; exit 3"));
  EXPECT_EQ(result.ending, Ending::kExit);
  EXPECT_EQ(result.status, 3);
  EXPECT_NE(result.out.find("started\n"), std::string::npos);
  EXPECT_LT(result.seconds, 20);
  EXPECT_EQ(shared().run(shell("pkill sleep; echo next")).out, "next\n");
}

TEST(LabRun, OrphansAreReaped) {
  shared().run(shell("(sh -c 'exit 1' &) ; (true &)"));
  auto result = shared().run(shell("grep -l '^State:.Z' /proc/[0-9]*/status"));
  EXPECT_EQ(result.out, "");
}

TEST(LabRun, TimeLimitKillsTheCommandAndNotTheGuest) {
  auto request = shell("trap '' TERM INT; sleep 1000");
  request.timeout = 0.5;
  auto result = shared().run(request);
  EXPECT_EQ(result.ending, Ending::kTimeout);
  EXPECT_EQ(result.status, kTimeLimit);
  EXPECT_EQ(shared().run(shell("echo alive")).out, "alive\n");
}

TEST(LabTree, HostFilesAreSeenAndWritesStayInTheGuest) {
  HostDirectory host;
  write_all(host / "file", "host");
  auto script = fmt::format(
      "cat {0}/file; echo guest > {0}/file; touch {0}/new; cat {0}/file; "
      "rm /etc/passwd && ! test -e /etc/passwd",
      host.path().string());
  auto result = shared().run(shell(script));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "hostguest\n");
  EXPECT_EQ(read_all(host / "file"), "host");
  EXPECT_FALSE(fs::exists(host / "new"));
  EXPECT_TRUE(fs::exists("/etc/passwd"));
}

TEST(LabTree, ChangesOnTheHostAreSeenByTheNextCommand) {
  HostDirectory host;
  auto file = (host / "file").string(), program = (host / "program").string();
  write_all(file, "first");
  fs::copy_file("/bin/true", program);
  auto script = fmt::format("cat {}; {}; echo $?", file, program);
  EXPECT_EQ(shared().run(shell(script)).out, "first0\n");
  write_all(file, "second, longer");  // in place
  fs::copy_file("/bin/false", program + ".new");
  fs::rename(program + ".new", program);  // as a linker or make does
  write_all(host / "added", "new");
  script += fmt::format("; cat {}/added", host.path().string());
  EXPECT_EQ(shared().run(shell(script)).out, "second, longer1\nnew");
}

TEST(LabTree, OutReachesTheHost) {
  auto bytes = random_bytes(100000);
  auto request = shell(fmt::format("cat > {}/file", out_directory().string()));
  request.input = bytes;
  EXPECT_EQ(shared().run(request).status, 0);
  EXPECT_TRUE(read_all(out_directory() / "file") == bytes);
}

TEST(LabTree, GuestHasItsOwnPlacesAndTheKernelsModules) {
  auto result = shared().run(shell(
      "set -e; test -c /dev/null; test -e /proc/self; test -d /sys/module; test -w /tmp; test -w "
      "/run; test -e /dev/fd/0; modinfo -F filename ext4 | grep -q /lib/modules/; modprobe loop; "
      "grep -q ^loop /proc/modules; id -u; command -v ringside-agent"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "0\n" + (program_directory() / "ringside-agent").string() + "\n");
}

TEST(LabTree, CommandStartsInTheHostsDirectory) {
  auto result = shared().run(shell("pwd"));
  EXPECT_EQ(result.out, fs::current_path().string() + "\n");
  auto request = shell("pwd");
  request.directory = "/usr";
  EXPECT_EQ(shared().run(request).out, "/usr\n");
}

TEST(LabKernel, SixTwelveRunsToo) {
  auto session = boot("6.12");
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(session->release().substr(0, 5), "6.12.");
  auto request = shell("uname -r; cat; modprobe loop && grep -c ^loop /proc/modules");
  request.input = random_bytes(1 << 20);
  auto result = session->run(request);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(result.out == session->release() + "\n" + request.input + "1\n");
  HostDirectory host;
  auto script = shell(fmt::format("cat {}/f", host.path().string()));
  for (const char* text : {"one", "two, longer", "3"}) {
    write_all(host / "f", text);
    EXPECT_EQ(session->run(script).out, text);
  }
}

TEST(LabKernel, WithoutNinePTheRootIsAnImage) {
  if (auto kernel = find_kernel("6.1-cloud"); !kernel)
    GTEST_SKIP() << "no kernel without 9p here: " << kernel.error().message;
  HostDirectory host, out;
  write_all(host / "file", "shared");
  fs::create_symlink("file", host / "link");
  write_all(out / "before", "the host's");
  Options options;
  options.out = out.path();
  options.shares = {host.path()};
  options.programs = {"perl"};
  auto session = boot("6.1-cloud", options);
  ASSERT_TRUE(session) << session.error().message;
  auto result = session->run(shell(fmt::format(
      "set -e; cat {0}/file {0}/link; modprobe loop; echo x > /etc/passwd; perl -e 'print 1'; "
      "mkdir {1}/in; echo written > {1}/in/file",
      host.path().string(), out.path().string())));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "sharedshared1");
  result = session->end();
  EXPECT_EQ(result.ending, Ending::kExit) << result.message;
  EXPECT_EQ(read_all(out / "in/file"), "written\n");
  EXPECT_EQ(read_all(out / "before"), "the host's");
}

// Two guests are up at once; then one panics and the other does not notice.
TEST(LabKernel, PanicEndsItsGuestAndNoOther) {
  EXPECT_EQ(shared().run(shell("true")).status, 0);
  auto session = boot("6.1");
  ASSERT_TRUE(session) << session.error().message;
  auto result = session->run(shell("echo before; echo c > /proc/sysrq-trigger"));
  EXPECT_EQ(result.ending, Ending::kPanic) << result.message;
  EXPECT_EQ(result.status, kGuestPanic);
  EXPECT_EQ(result.message, "Kernel panic - not syncing: sysrq triggered crash");
  EXPECT_NE(result.console.find("sysrq_handle_crash"), std::string::npos);
  // KASLR is on: else the kernel says "Kernel Offset: disabled".
  EXPECT_NE(result.console.find("Kernel Offset: 0x"), std::string::npos);
  EXPECT_FALSE(session->alive());
  EXPECT_EQ(session->run(shell("true")).status, kLabItself);
  EXPECT_EQ(shared().run(shell("true")).status, 0);
}

// The host puts the kernel into memory instead of its own unpacker: by another offset each time,
// and as the command line asks.
TEST(LabKernel, LiesElsewhereInEveryGuest) {
  auto text_of = [](Options options) {
    auto session = boot("6.1", std::move(options));
    if (!session) return session.error().message;
    return session->run(shell("grep -w _text /proc/kallsyms; grep -c -w la57 /proc/cpuinfo")).out;
  };
  Options still;
  still.append = "nokaslr no5lvl";
  EXPECT_EQ(text_of(still), "ffffffff81000000 T _text\n0\n");
  auto first = text_of({});
  EXPECT_TRUE(first.ends_with(" T _text\n1\n")) << first;
  // Of some 480 offsets the second can be the first again; the third will not be as well.
  EXPECT_TRUE(first != text_of({}) || first != text_of({}));
}

// One CPU that runs nothing but a task of real time, which no watchdog ends: silence, then an NMI.
TEST(LabKernel, HangIsFoundAndTracedByAnNmi) {
  Options options;
  options.hang_limit = 5;
  options.nmi = true;
  auto session = boot("6.1", options);
  ASSERT_TRUE(session) << session.error().message;
  auto result =
      session->run(shell("echo -1 > /proc/sys/kernel/sched_rt_runtime_us; "
                         "exec chrt -f 99 sh -c 'while :; do :; done'"));
  EXPECT_EQ(result.ending, Ending::kHang) << result.message;
  EXPECT_EQ(result.status, kGuestHang);
  EXPECT_NE(result.console.find("NMI: Not continuing"), std::string::npos) << result.console;
  EXPECT_FALSE(session->alive());
}

// A stock module whose init function begins with an undefined instruction. Without its signature,
// which no longer fits, the kernel takes it as an unsigned one.
std::string oopsing_module(const Kernel& kernel) {
  auto tree = ModuleTree::open(kernel.modules);
  if (!tree) return {};
  auto modules = tree->closure({"test_static_key_base"});
  if (!modules) return {};
  const auto& file = modules->at(0).bytes;
  std::string bytes(reinterpret_cast<const char*>(file.data()), file.size());
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), bytes.data() + header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr));
  for (const auto& section : sections) {
    if (section.sh_type != SHT_SYMTAB) continue;
    const char* names = bytes.data() + sections[section.sh_link].sh_offset;
    for (auto at = section.sh_offset; at < section.sh_offset + section.sh_size;
         at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, bytes.data() + at, sizeof symbol);
      if (std::strcmp(names + symbol.st_name, "init_module") != 0) continue;
      bytes.replace(sections[symbol.st_shndx].sh_offset + symbol.st_value, 2, "\x0f\x0b");  // ud2
    }
  }
  return bytes.substr(0, header.e_shoff + header.e_shnum * sizeof(Elf64_Shdr));
}

TEST(LabKernel, OopsEndsTheRun) {
  auto session = boot("6.1");
  ASSERT_TRUE(session) << session.error().message;
  auto request = shell("cat > /tmp/m.ko; echo loading; insmod /tmp/m.ko; echo after; sleep 1000");
  request.input = oopsing_module(*find_kernel("6.1"));
  ASSERT_FALSE(request.input.empty());
  auto result = session->run(request);
  EXPECT_EQ(result.ending, Ending::kOops) << result.message << result.err;
  EXPECT_EQ(result.status, kGuestOops);
  EXPECT_EQ(result.message.substr(0, 15), "invalid opcode:") << result.message;
  EXPECT_EQ(result.out.substr(0, 8), "loading\n");
  EXPECT_NE(result.console.find("end trace"), std::string::npos) << result.console;
  EXPECT_FALSE(session->alive());
}

TEST(LabKernel, AllowedOopsDoesNotAndPowerOffIsTheGuestsEnd) {
  Options options;
  options.oops_allowed = true;
  auto session = boot("6.12", options);
  ASSERT_TRUE(session) << session.error().message;
  auto request = shell("cat > /tmp/m.ko; exec insmod /tmp/m.ko");  // which its own oops kills
  request.input = oopsing_module(*find_kernel("6.12"));
  auto result = session->run(request);
  EXPECT_EQ(result.ending, Ending::kSignal) << result.message;
  EXPECT_EQ(result.signal, SIGSEGV) << result.err;
  EXPECT_NE(result.message.find("invalid opcode:"), std::string::npos) << result.message;
  EXPECT_NE(result.tainted.value_or(0) & (1 << 7), 0ul);
  result = session->run(shell("dmesg | grep -c '#1]'"));
  EXPECT_EQ(result.ending, Ending::kExit);
  EXPECT_EQ(result.out, "1\n") << result.err;
  EXPECT_EQ(result.message, "");  // the oops was the other command's
  result = session->run(shell("echo o > /proc/sysrq-trigger; sleep 1000"));
  EXPECT_EQ(result.ending, Ending::kDied) << result.message;
  EXPECT_EQ(result.status, kGuestDied);
  EXPECT_FALSE(result.tainted);
}

// Instructions that a fixed loop takes in a fresh guest that counts.
std::uint64_t counted_loop() {
  Options options;
  options.count = true;
  auto session = boot("6.12", options);  // which boots sooner than 6.1
  if (!session) return 0;
  Request request;
  request.argv = {"/usr/bin/perl", "-MTime::HiRes=clock_gettime,CLOCK_MONOTONIC", "-e",
                  "sub t { clock_gettime(CLOCK_MONOTONIC) } my $a = t(); my $x = 0;"
                  "$x += $_ for 1 .. 300000; printf '%.0f', (t() - $a) * 1e9"};
  auto result = session->run(request);
  EXPECT_EQ(result.status, 0) << result.err;
  return std::strtoull(result.out.c_str(), nullptr, 10);
}

TEST(LabCount, RepeatsWithinOnePerCent) {
  auto other = std::async(std::launch::async, counted_loop);
  double first = counted_loop(), second = other.get();
  EXPECT_GT(first, 3e6);  // some dozens of instructions a turn
  EXPECT_NEAR(first / second, 1, 0.01) << first << " " << second;
}

// The processes whose parent is `parent`.
std::vector<int> children_of(int parent) {
  std::vector<int> children;
  std::istringstream list(read_all(fmt::format("/proc/{0}/task/{0}/children", parent)));
  for (int pid = 0; list >> pid;) children.push_back(pid);
  return children;
}

// Starts `ringside lab session` with its own TMPDIR; returns its pid and our ends of its streams.
struct CliSession {
  int pid = 0;
  UniqueFd input, output;
};

CliSession start_cli(const fs::path& temporary) {
  int in[2], out[2];
  EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
  auto program = (program_directory() / "ringside").string();
  CliSession session;
  session.pid = fork();
  if (session.pid == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    setenv("TMPDIR", temporary.c_str(), 1);
    execl(program.c_str(), program.c_str(), "lab", "session", "--accel", "tcg", "--json", nullptr);
    _exit(99);
  }
  session.input = UniqueFd(in[1]);
  session.output = UniqueFd(out[0]);
  close(in[0]);
  close(out[1]);
  return session;
}

std::string read_line(int fd) {
  std::string line;
  for (char c = 0; ::read(fd, &c, 1) == 1 && c != '\n';) line.push_back(c);
  return line;
}

// The command is over, and nobody reads what it said.
TEST(LabRun, CancelsWhileOutputIsNotRead) {
  int pipes[2], cancel[2];
  ASSERT_EQ(pipe2(pipes, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(cancel, O_CLOEXEC), 0);
  UniqueFd reader(pipes[0]), writer(pipes[1]), ask(cancel[0]), wish(cancel[1]);
  Options options;
  options.cancel_fd = ask.get();
  auto session = boot("6.1", options);
  ASSERT_TRUE(session) << session.error().message;
  auto request = shell("head -c 200000 /dev/zero");
  request.out_fd = writer.get();
  auto late = std::async(std::launch::async, [&] {
    std::this_thread::sleep_for(std::chrono::seconds(3));
    return write(wish.get(), "!", 1);
  });
  auto result = session->run(request);
  EXPECT_EQ(late.get(), 1);
  EXPECT_EQ(result.ending, Ending::kCancelled) << result.message;
  EXPECT_EQ(result.status, 128 + SIGINT);
}

TEST(LabCli, InterruptLeavesNothingBehind) {
  HostDirectory temporary;
  auto session = start_cli(temporary.path());
  ASSERT_EQ(write(session.input.get(), "echo up; exit 5\n", 16), 16);
  auto line = read_line(session.output.get());
  EXPECT_NE(line.find("\"out\":\"up\\n\""), std::string::npos) << line;
  EXPECT_NE(line.find("\"status\":5"), std::string::npos) << line;
  auto children = children_of(session.pid);
  ASSERT_EQ(children.size(), 1u);  // QEMU
  ASSERT_EQ(write(session.input.get(), "sleep 1000\n", 11), 11);
  kill(session.pid, SIGINT);
  int status = 0;
  ASSERT_EQ(waitpid(session.pid, &status, 0), session.pid);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGINT);
  EXPECT_NE(kill(children[0], 0), 0);
  EXPECT_TRUE(fs::is_empty(temporary.path()));
}

}  // namespace
}  // namespace ringside::lab
