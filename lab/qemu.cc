// QEMU's command line and process.
#include "lab/qemu.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "user/process/process.hh"

namespace ringside::lab {
namespace {

// `text` as the value of an option in QEMU's syntax, where a comma is written twice.
std::string quoted(const std::string& text) {
  std::string out;
  for (char c : text) out.append(c == ',' ? 2 : 1, c);
  return out;
}

std::string fd_path(int fd) {
  return fmt::format("/proc/self/fd/{}", fd);
}

using Arguments = std::vector<std::string>;

void add(Arguments& arguments, std::initializer_list<std::string> more) {
  arguments.insert(arguments.end(), more);
}

// The kernel stays as Debian boots it: KASLR, mitigations and all. What is added only tells it
// where to talk, what to do when it dies, and what this machine does not have.
std::string kernel_arguments(const Options& options) {
  std::string line =
      "console=ttyS0 "       // its messages, to the lab
      "quiet "               // a serial line is slow to emulate; errors are printed all the same
      "panic=-1 "            // a panic ends the guest at once
      "oops=continue "       // an oops does not panic it: the lab decides
      "cryptomgr.notests ";  // the kernel's self-tests of its ciphers take 0.3 s
  if (options.nmi) line += "unknown_nmi_panic ";  // an NMI prints where the kernel hangs
  return line + options.append;
}

void add_machine(Arguments& arguments, const Options& options, Accel accel) {
  // q35: its PCI interrupts are fixed. On pc the kernel sets up a link for each device by running
  // ACPI code, which takes 0.15 s a device with TCG.
  add(arguments, {"-machine", "q35"});
  if (accel == Accel::kKvm) {
    add(arguments, {"-accel", "kvm", "-cpu", "host"});
  } else if (options.count) {
    // Byte-wise string instructions would count as one instruction a byte: without ERMS and FSRM
    // the kernel takes the code that a counted machine can count.
    add(arguments, {"-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu",
                    "max,erms=off,fsrm=off"});
  } else {
    add(arguments, {"-accel", "tcg,thread=multi", "-cpu", "max"});
  }
  add(arguments, {"-smp", std::to_string(options.count ? 1 : options.cpus), "-m",
                  fmt::format("{}M", options.memory)});
}

void add_ports(Arguments& arguments, const QemuFds& fds) {
  add(arguments, {"-chardev", fmt::format("socket,id=console,fd={}", fds.console), "-serial",
                  "chardev:console", "-device", "virtio-serial-pci,max_ports=8"});
  for (unsigned i = 0; i < kPortCount; ++i)
    add(arguments,
        {"-chardev", fmt::format("socket,id=port{},fd={}", i, fds.ports[i]), "-device",
         fmt::format("virtserialport,chardev=port{},name={},nr={}", i, kPortNames[i], i + 1)});
  if (fds.qmp >= 0)
    add(arguments, {"-chardev", fmt::format("socket,id=qmp,fd={}", fds.qmp), "-mon",
                    "chardev=qmp,mode=control"});
}

void add_shares(Arguments& arguments, const Boot& boot) {
  for (const auto& [share, source] : boot.shares)
    add(arguments,
        {"-fsdev",
         // remap: the tree spans file systems whose inode numbers would collide
         fmt::format("local,id={},path={},security_model=none,multidevs=remap{}", share.tag,
                     quoted(source.string()), share.writable ? "" : ",readonly=on"),
         "-device", fmt::format("virtio-9p-pci,fsdev={0},mount_tag={0}", share.tag)});
}

void add_disks(Arguments& arguments, const Options& options, const QemuFds& fds) {
  if (fds.root_image >= 0)  // the first, so that it is /dev/vda
    add(arguments, {"-drive", fmt::format("if=virtio,format=raw,readonly=on,file={}",
                                          fd_path(fds.root_image))});
  for (const auto& disk : options.disks)
    add(arguments, {"-drive", fmt::format("if=virtio,format=raw,file={}", quoted(disk.string()))});
}

// QEMU's own network, in its process: the guest reaches out, nothing of the host listens. romfile:
// the card need not boot anything.
void add_network(Arguments& arguments) {
  add(arguments,
      {"-netdev", "user,id=network", "-device", "virtio-net-pci,netdev=network,romfile="});
}

}  // namespace

std::vector<std::string> qemu_arguments(const Kernel& kernel, const Options& options,
                                        const Boot& boot, Accel accel, const QemuFds& fds) {
  Arguments arguments = {"qemu-system-x86_64",
                         "-nodefaults",
                         "-no-user-config",
                         "-display",
                         "none",
                         "-no-reboot",
                         "-nic",
                         "none"};
  add_machine(arguments, options, accel);
  auto image = fds.kernel < 0 ? kernel.image.string() : fd_path(fds.kernel);
  add(arguments,
      {"-kernel", image, "-initrd", fd_path(fds.initramfs), "-append", kernel_arguments(options)});
  add_ports(arguments, fds);
  add_shares(arguments, boot);
  add_disks(arguments, options, fds);
  if (options.network) add_network(arguments);
  for (const auto& drive : options.drives) add(arguments, {"-drive", drive});
  for (const auto& device : options.devices) add(arguments, {"-device", device});
  return arguments;
}

Outcome<Link> make_link() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return Failure{system_failure("make", "a socket pair").message, kLabItself};
  fcntl(pair[0], F_SETFL, O_NONBLOCK);
  return Link{UniqueFd(pair[0]), UniqueFd(pair[1])};
}

Outcome<UniqueFd> memory_file(const char* name, std::string_view bytes) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC));
  if (!fd) return Failure{system_failure("make memory file", name).message, kLabItself};
  while (!bytes.empty()) {
    auto n = write(fd.get(), bytes.data(), bytes.size());
    if (n <= 0) return Failure{system_failure("write memory file", name).message, kLabItself};
    bytes.remove_prefix(n);
  }
  return fd;
}

namespace {

// In the child: QEMU in a process group of its own, so that a terminal's Ctrl-C reaches only us,
// who then end it. It dies with the thread that started it.
[[noreturn]] void become_qemu(const std::string& program, std::vector<char*>& argv,
                              const QemuFds& fds, int messages, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kLabItself);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  dup2(messages, STDERR_FILENO);
  for (int fd : fds.ports) fcntl(fd, F_SETFD, 0);
  for (int fd : {fds.console, fds.qmp, fds.initramfs, fds.root_image, fds.kernel})
    fcntl(fd, F_SETFD, 0);
  execv(program.c_str(), argv.data());
  _exit(kLabItself);
}

}  // namespace

Outcome<QemuProcess> QemuProcess::start(const std::vector<std::string>& arguments,
                                        const QemuFds& fds) {
  auto program = find_program(arguments[0]);
  if (!program)
    return Failure{"qemu-system-x86_64: not installed; apt install qemu-system-x86", kLabItself};
  auto messages = TRY(memory_file("qemu-messages", ""));
  fcntl(messages.get(), F_SETFL, O_APPEND);
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  auto parent = getpid();
  auto pid = fork();
  if (pid < 0) return Failure{system_failure("start", program->string()).message, kLabItself};
  if (pid == 0) become_qemu(program->string(), argv, fds, messages.get(), parent);
  return QemuProcess(pid, std::move(messages));
}

QemuProcess::QemuProcess(QemuProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), messages_(std::move(other.messages_)) {}

void QemuProcess::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  pid_ = 0;
}

void QemuProcess::quit() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  UniqueFd handle(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  pollfd ended{handle.get(), POLLIN, 0};
  constexpr int kGrace = 2000;  // ms
  if (handle) poll(&ended, 1, kGrace);
  stop();
}

std::string QemuProcess::complaint() const {
  char text[4096];
  auto n = pread(messages_.get(), text, sizeof text, 0);
  std::string line(text, n > 0 ? n : 0);
  while (line.ends_with('\n')) line.pop_back();
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace ringside::lab
