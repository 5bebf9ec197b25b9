// bench-channel-calls: what the bare calls cost that channels are made of, without messages: by
// these a channel's own part is told from its way over the line. Those that need the module
// ringside_channels are left out where it is not loaded, as on a host; where
// ringside_channels_syscall is, all others are dearer, and it is only said how much.
#include <fcntl.h>
#include <fmt/format.h>
#include <liburing.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "include/ringside/uapi/channel.h"
#include "user/base/unique_fd.hh"
#include "user/bench/results.hh"

namespace ringside::bench {
namespace {

constexpr int kSamples = 5, kCalls = 1000;

class Bench {
 public:
  explicit Bench(Context context) : context_(std::move(context)) {}

  // `call` does the operation `operations` times.
  template <class Call>
  void measure(const std::string& name, const Call& call, int operations = 1) {
    std::vector<double> samples;
    for (int sample = -1; sample < kSamples; ++sample) {  // the first one warms up
      double began = now();
      for (int each = 0; each < kCalls; ++each)
        if (!call()) {
          fmt::print(stderr, "bench-channel-calls: {}: {}\n", name, std::strerror(errno));
          return;
        }
      if (sample >= 0) samples.push_back((now() - began) / kCalls / operations);
    }
    const char* unit = counted_ ? "instructions" : "ns";
    Measure measure{"call", name, counted_ ? "instructions" : "time", unit, {}, samples};
    fmt::print("{}\n", to_json(context_, measure).dump());
  }

 private:
  Context context_;
  bool counted_ = context_.accelerator.ends_with("-count");
};

bool reads(int fd) {
  char buffer[256];
  return pread(fd, buffer, sizeof buffer, 0) > 0;
}
bool opens_and_reads(const char* path) {
  UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  return fd && reads(fd.get());
}

void measure_file(Bench& bench, const std::string& name, const char* path) {
  UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return;
  bench.measure(name + ": pread", [&] { return reads(fd.get()); });
  bench.measure(name + ": open, read, close", [&] { return opens_and_reads(path); });
}

void measure_eventfd(Bench& bench) {
  UniqueFd fd(eventfd(0, EFD_CLOEXEC));
  bench.measure("eventfd: write and read", [&] {
    std::uint64_t one = 1;
    return write(fd.get(), &one, sizeof one) > 0 && read(fd.get(), &one, sizeof one) > 0;
  });
}

void measure_ioctls(Bench& bench, int fd) {
  bench.measure("ioctl: refused", [&] { return ioctl(fd, _IO('R', 0x7f)) < 0; });
  bench.measure("ioctl: 64 bytes in and out", [&] {
    rs_channel_status status{};
    status.size = sizeof status, status.version = RS_CHANNEL_VERSION;
    return ioctl(fd, RS_CHANNEL_IOC_STATUS, &status) == 0;
  });
  rs_channel_rings rings{};
  rings.size = sizeof rings, rings.version = RS_CHANNEL_VERSION, rings.bytes = 4096;
  if (ioctl(fd, RS_CHANNEL_IOC_RINGS, &rings) != 0) return;
  bench.measure("ring: kick, nothing to do", [&] {
    rs_channel_kick kick{};
    kick.size = sizeof kick, kick.version = RS_CHANNEL_VERSION, kick.eventfd = -1;
    return ioctl(fd, RS_CHANNEL_IOC_KICK, &kick) == 0;
  });
}

// Commands of one registered file, which does them at once, in their order; of all but the last
// nothing is told.
class Queue {
 public:
  Queue(unsigned entries, int fd) {
    open_ = io_uring_queue_init(entries, &ring_, 0) == 0;
    registered_ = open_ && io_uring_register_files(&ring_, &fd, 1) == 0;
  }
  ~Queue() {
    if (open_) io_uring_queue_exit(&ring_);
  }
  bool open() const { return registered_; }
  template <class Prepare>
  bool run(unsigned count, const Prepare& prepare) {
    for (unsigned each = 1; each <= count; ++each) {
      auto* entry = io_uring_get_sqe(&ring_);
      prepare(entry);
      entry->flags = IOSQE_FIXED_FILE | (each < count ? IOSQE_CQE_SKIP_SUCCESS : 0);
    }
    io_uring_cqe* done = nullptr;
    if (io_uring_submit_and_wait(&ring_, 1) < 0 || io_uring_wait_cqe(&ring_, &done) < 0)
      return false;
    bool good = done->res >= 0;
    if (!good) errno = -done->res;
    io_uring_cqe_seen(&ring_, done);
    return good;
  }

 private:
  io_uring ring_{};
  bool open_ = false, registered_ = false;
};

template <class Prepare>
void measure_queue(Bench& bench, const char* name, int fd, const Prepare& prepare) {
  for (unsigned batch : {1u, 8u, 128u}) {
    Queue queue(batch, fd);
    if (queue.open())
      bench.measure(
          fmt::format("io_uring: {}, {} a call", name, batch),
          [&] { return queue.run(batch, prepare); }, static_cast<int>(batch));
  }
}

void measure_uring(Bench& bench, int channel) {
  UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  measure_queue(bench, "nop", null.get(), [](auto* entry) { io_uring_prep_nop(entry); });
  // /dev/null has commands from 6.2 on.
  measure_queue(bench, "no command", null.get(), [](auto* entry) {
    io_uring_prep_rw(IORING_OP_URING_CMD, entry, 0, nullptr, 0, 0);
  });
  if (channel < 0) return;
  rs_message message{0, RS_MESSAGE_DATA, 0, 0};
  rs_channel_at at{reinterpret_cast<std::uintptr_t>(&message), sizeof message, 0};
  measure_queue(bench, "empty message", channel, [&](auto* entry) {
    io_uring_prep_rw(IORING_OP_URING_CMD, entry, 0, nullptr, 0, 0);
    entry->cmd_op = RS_CHANNEL_URING_SEND_AT;
    std::memcpy(entry->cmd, &at, sizeof at);
  });
}

// What every call of the machine pays for one that is not the kernel's own.
bool measure_hooked(Bench& bench) {
  bool hooked = syscall(RS_CHANNEL_SYSCALL, -1, 0, 0, 0, 0, 0) >= 0 || errno != ENOSYS;
  bench.measure(hooked ? "system call: getppid, dispatcher hooked" : "system call: getppid",
                [] { return syscall(SYS_getppid) >= 0; });
  return hooked;
}

void run(Context context) {
  name_running_kernel(context);
  Bench bench(std::move(context));
  if (measure_hooked(bench)) return;
  measure_eventfd(bench);
  measure_file(bench, "procfs", "/proc/version");
  measure_file(bench, "sysfs", "/sys/kernel/uevent_seqnum");
  // No pread: such a file is not seekable (ESPIPE).
  bench.measure("debugfs: open, read, close", [] {
    UniqueFd file(open(RS_CHANNEL_DEBUGFS "/value", O_RDONLY | O_CLOEXEC));
    char buffer[64];
    return file && read(file.get(), buffer, sizeof buffer) > 0;
  });
  UniqueFd fd(open(RS_CHANNEL_DEVICE, O_RDWR | O_CLOEXEC));
  if (fd) measure_ioctls(bench, fd.get());
  measure_uring(bench, fd ? fd.get() : -1);
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  ringside::bench::run(ringside::bench::this_context("channels", argc, argv));
}
