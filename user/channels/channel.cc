#include "user/channels/channel.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "user/channels/kinds.hh"

namespace ringside::channels {
namespace {

// The core's structures are the ABI's.
static_assert(sizeof(channel::Header) == sizeof(rs_message) &&
              offsetof(channel::Header, sequence) == offsetof(rs_message, sequence) &&
              offsetof(channel::Header, type) == offsetof(rs_message, type));
static_assert(sizeof(channel::Counts) == sizeof(rs_channel_counts) &&
              offsetof(channel::Counts, repeated) == offsetof(rs_channel_counts, repeated));
static_assert(sizeof(channel::Positions) == sizeof(rs_ring) &&
              offsetof(channel::Positions, taken) == offsetof(rs_ring, taken));
static_assert(channel::kMostPayload == RS_CHANNEL_PAYLOAD_MAX &&
              static_cast<int>(Type::kEvent) == RS_MESSAGE_EVENT);

constexpr std::size_t kMostInPage = 4096 - channel::kHeader;
constexpr std::size_t kMostInAttribute = 65000 - channel::kHeader;

constexpr Kind kKinds[] = {
    {"syscall",
     "a system call of its own; in the lab alone",
     {true, true, true, false},
     open_syscall,
     true},
    {"ioctl", "a call a message, on a device of its own", {true, true, true, true}, open_ioctl},
    {"procfs", "a seq_file: reads and writes", {true, true, true, false}, open_procfs},
    {"debugfs", "a file for developers: reads and writes", {true, true, true, false}, open_debugfs},
    {"sysfs",
     "a device's attributes: a page a read or write",
     {true, true, true, true, kMostInPage},
     open_sysfs},
    {"netlink",
     "generic netlink: messages, dumps, multicast",
     {true, true, true, true, kMostInAttribute, Loss::kNone, kStreamBatch},
     open_netlink},
    {"ring",
     "memory that both sides map, a call for many messages",
     {true, true, true, true, RS_CHANNEL_PAYLOAD_MAX, Loss::kNone, kRingBatch, kRingBatch},
     open_ring},
    {"uring",
     "io_uring: calls of a device, many with one system call",
     {true, true, true, true, RS_CHANNEL_PAYLOAD_MAX, Loss::kNone, kUringBatch, kUringBatch},
     open_uring},
    {"relay",
     "buffers of each CPU in debugfs; a full one drops",
     {false, true, false, false, RS_CHANNEL_PAYLOAD_MAX, Loss::kNewest, kStreamBatch},
     open_relay},
    {"recorder",
     "the same; a full one overwrites",
     {false, true, false, false, RS_CHANNEL_PAYLOAD_MAX, Loss::kOldest, kStreamBatch},
     open_relay},
    {"bpf",
     "a BPF program on a tracepoint, and its ring buffer",
     {false, true, false, true, RS_CHANNEL_PAYLOAD_MAX, Loss::kNewest, kStreamBatch},
     open_bpf},
    {"eventfd", "a counter that can be polled", {false, false, false, true, 0}, open_eventfd},
};

}  // namespace

Failure Channel::cannot(const char* what) const {
  return {fmt::format("this channel cannot {} (ringside channel list)", what), kNo};
}

Outcome<Nothing> Channel::call(Bytes, std::vector<std::byte>&) {
  return cannot("be called");
}
Outcome<Nothing> Channel::send(Bytes) {
  return cannot("take data");
}
Outcome<std::uint64_t> Channel::receive(std::vector<std::byte>&) {
  return cannot("stream");
}
Outcome<Nothing> Channel::produce(std::uint32_t) {
  return cannot("stream more than is taken");
}
Outcome<std::uint64_t> Channel::lost() {
  return std::uint64_t{0};
}
Outcome<Nothing> Channel::notify(microseconds) {
  return cannot("notify");
}
Outcome<std::optional<Event>> Channel::wait(microseconds) {
  return cannot("notify");
}

Outcome<Nothing> Channel::send_all(std::span<const Bytes> payloads) {
  for (auto payload : payloads) TRY(send(payload));
  return ok;
}
Outcome<Nothing> Channel::receive_each(std::uint64_t count, const Take& take) {
  std::vector<std::byte> payload;
  for (std::uint64_t each = 0; each < count; ++each) {
    auto sequence = TRY(receive(payload));
    take(sequence, payload);
  }
  return ok;
}

std::string_view name_of(Loss loss) {
  constexpr std::string_view kNames[] = {"none", "newest", "oldest"};
  return kNames[static_cast<int>(loss)];
}

std::span<const Kind> kinds() {
  return kKinds;
}

Outcome<Kind> find_kind(std::string_view name) {
  std::string names;
  for (const auto& kind : kKinds) {
    if (kind.name == name) return kind;
    names += (names.empty() ? "" : ", ") + std::string(kind.name);
  }
  return Failure{fmt::format("no channel '{}', expected one of: {}", name, names), kUsage};
}

Outcome<std::unique_ptr<Channel>> open(std::string_view name) {
  auto kind = TRY(find_kind(name));
  return kind.open(kind.ability);
}

Bytes Envelope::seal(Type type, std::uint64_t sequence, Bytes payload) {
  channel::Header header{static_cast<std::uint32_t>(payload.size()), type, 0, sequence};
  auto whole = room(payload.size());
  std::memcpy(whole.data(), &header, sizeof header);
  if (!payload.empty())
    std::memcpy(whole.data() + channel::kHeader, payload.data(), payload.size());
  return whole;
}

std::span<std::byte> Envelope::room(std::size_t payload) {
  if (bytes_.size() < channel::kHeader + payload) bytes_.resize(channel::kHeader + payload);
  return std::span(bytes_).first(channel::kHeader + payload);
}

Outcome<channel::Message> Envelope::open(std::size_t bytes, Type expected) const {
  auto message = channel::read_message(Bytes(bytes_).first(std::min(bytes, bytes_.size())));
  if (!message) return Failure{describe(message.error(), "the kernel's message")};
  if (message->header.type != expected)
    return Failure{fmt::format("the kernel's message has type {}, expected {}",
                               static_cast<int>(message->header.type), static_cast<int>(expected))};
  return *message;
}

Outcome<Nothing> ask_raw(int fd, unsigned long command, void* call, const char* what) {
  if (ioctl(fd, command, call) == 0) return ok;
  return system_failure(what, "/dev/ringside-channel");
}

Outcome<UniqueFd> open_file(const char* path) {
  UniqueFd fd(::open(path, O_RDWR | O_CLOEXEC));
  if (fd) return fd;
  auto failure = system_failure("open", path);
  if (errno == ENOENT)
    failure.message += " (modprobe ringside_channels, or insmod its file, first)";
  return failure;
}

Outcome<Nothing> set_up(int fd, std::uint32_t length, bool checked) {
  rs_channel_setup setup{};
  setup.length = length, setup.checked = checked;
  return ask(fd, RS_CHANNEL_IOC_SETUP, setup, "set up");
}

static Outcome<rs_channel_status> status_of(int fd) {
  rs_channel_status status{};
  TRY(ask(fd, RS_CHANNEL_IOC_STATUS, status, "ask"));
  return status;
}

Outcome<rs_channel_counts> counts_of(int fd) {
  return TRY(status_of(fd)).counts;
}

Outcome<std::uint64_t> number_of(int fd) {
  return TRY(status_of(fd)).number;
}

}  // namespace ringside::channels
