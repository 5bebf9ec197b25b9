// A running guest: one poll over its console, its ports and whatever the caller waits for as well.
#include "lab/guest.hh"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "lab/unpacked.hh"

namespace ringside::lab {
namespace {

Outcome<UniqueFd> open_console_file(const std::filesystem::path& path) {
  if (path.empty()) return UniqueFd();
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd)
    return Failure{system_failure("--console: open", path.string()).message +
                       "; name a file that can be written",
                   kLabItself};
  return fd;
}

}  // namespace

Outcome<std::unique_ptr<Guest>> Guest::start(const Kernel& kernel, const Options& options,
                                             Accel accel) {
  auto boot = TRY(prepare_boot(kernel, options));
  auto console_file = TRY(open_console_file(options.console));
  auto initramfs = TRY(memory_file("initramfs", boot.initramfs));
  Ends ours, theirs;
  QemuFds fds;
  for (unsigned i = 0; i < kPortCount; ++i) {
    auto link = TRY(make_link());
    fds.ports[i] = link.theirs.get();
    ours.ports[i] = std::move(link.ours);
    theirs.ports[i] = std::move(link.theirs);
  }
  auto console = TRY(make_link());
  fds.console = console.theirs.get();
  ours.console = std::move(console.ours);
  auto qmp = TRY(make_link());
  fds.qmp = options.nmi ? qmp.theirs.get() : -1;
  ours.qmp = std::move(qmp.ours);
  fds.initramfs = initramfs.get();
  fds.root_image = boot.root_image.get();
  // With TCG the kernel's own unpacking is half of its boot; with KVM there is nothing to be
  // gained.
  auto unpacked = accel == Accel::kTcg ? unpacked_kernel(kernel, options.append) : std::nullopt;
  if (unpacked) fds.kernel = unpacked->get();
  auto qemu = TRY(QemuProcess::start(qemu_arguments(kernel, options, boot, accel, fds), fds));
  std::unique_ptr<Guest> guest(new Guest(std::move(qemu), std::move(ours)));
  guest->root_on_disk_ = bool(boot.root_image);
  guest->console_.copy_to(std::move(console_file));
  return guest;
}

Guest::Guest(QemuProcess qemu, Ends ends) : qemu_(std::move(qemu)), ends_(std::move(ends)) {
  for (unsigned i = 0; i < kPortCount; ++i) {
    auto limit = i == kControl ? kControlLimit : kDataLimit;
    ports_[i] = {ends_.ports[i].get(), true, Decoder(limit), {}};
  }
}

void Guest::read_console() {
  char chunk[65536];
  for (;;) {
    auto n = recv(ends_.console.get(), chunk, sizeof chunk, MSG_DONTWAIT);
    if (n > 0) console_.feed({chunk, static_cast<std::size_t>(n)});
    if (n == 0) ended_ = true;  // only QEMU held the other end
    if (n <= 0) return;
  }
}

void Guest::read_port(PortIndex port, short revents) {
  if ((revents & (POLLIN | POLLHUP)) != 0 && !ports_[port].fill()) ports_[port].fd = -1;
}

void Guest::poll(std::span<pollfd> extra, int timeout_ms, Gates gates) {
  bool reads[kPortCount] = {true, true, gates.out, gates.err};
  std::vector<pollfd> fds;
  for (unsigned i = 0; i < kPortCount; ++i) {
    short wants = (reads[i] ? POLLIN : 0) | (ports_[i].pending.empty() ? 0 : POLLOUT);
    fds.push_back({wants != 0 ? ports_[i].fd : -1, wants, 0});
  }
  fds.push_back({ends_.console.get(), POLLIN, 0});
  fds.insert(fds.end(), extra.begin(), extra.end());
  if (::poll(fds.data(), fds.size(), timeout_ms) < 0) return;
  std::copy(fds.begin() + kPortCount + 1, fds.end(), extra.begin());
  for (unsigned i = 0; i < kPortCount; ++i) {
    if ((fds[i].revents & POLLOUT) != 0) ports_[i].flush();
    if (reads[i]) read_port(static_cast<PortIndex>(i), fds[i].revents);
  }
  // After the ports: what the kernel said before the agent spoke is then always seen with it.
  read_console();
  for (unsigned i = 0; ended_ && i < kPortCount; ++i)
    while (ports_[i].fd >= 0) read_port(static_cast<PortIndex>(i), POLLIN);
}

std::optional<Message> Guest::next(PortIndex port) {
  auto message = ports_[port].decoder.next();
  if (message) return *message;
  broken_ = message.error();
  return std::nullopt;
}

void Guest::send(PortIndex port, Type type, std::uint32_t run, std::string_view payload) {
  ports_[port].send(type, run, payload);
}

void Guest::inject_nmi() {
  constexpr std::string_view kRequest =
      "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"inject-nmi\"}\n";
  char replies[4096];
  while (recv(ends_.qmp.get(), replies, sizeof replies, MSG_DONTWAIT) > 0) continue;
  // A second negotiation is refused and does no harm.
  if (::send(ends_.qmp.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    errno = 0;  // QEMU has ended: its console says so
}

}  // namespace ringside::lab
