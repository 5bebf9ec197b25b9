// Channels whose messages are reads and writes of one file: procfs, debugfs, and sysfs, which is
// set up by other files beside it. A seq_file may give several messages, or a part of one, to a
// read that has room for more or for less; so a read asks for exactly one.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "user/channels/kinds.hh"

namespace ringside::channels {
namespace {

class FileChannel : public Channel {
 public:
  FileChannel(const Ability& ability, UniqueFd fd, std::string path)
      : Channel(ability), fd_(std::move(fd)), path_(std::move(path)) {}

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    begin(length);
    return set_up(fd_.get(), length, checked);
  }
  Outcome<Nothing> call(Bytes payload, std::vector<std::byte>& reply) override {
    TRY(put(envelope_.seal(Type::kEcho, calls_++, payload)));
    auto message = TRY(get(payload.size(), Type::kReply));
    reply.assign(message.payload.begin(), message.payload.end());
    return ok;
  }
  Outcome<Nothing> send(Bytes payload) override {
    return put(envelope_.seal(Type::kData, next_++, payload));
  }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    auto message = TRY(get(length_, Type::kData));
    payload.assign(message.payload.begin(), message.payload.end());
    return message.header.sequence;
  }
  Outcome<rs_channel_counts> counts() override { return counts_of(fd_.get()); }

 protected:
  void begin(std::uint32_t length) { length_ = length, next_ = 0; }

 private:
  Outcome<Nothing> put(Bytes message) {
    if (message.size() > channel::kHeader + ability().most)
      return cannot("carry so much in one message");
    auto written = ::write(fd_.get(), message.data(), message.size());
    if (written == static_cast<ssize_t>(message.size())) return ok;
    return system_failure("write", path_);
  }
  Outcome<channel::Message> get(std::size_t payload, Type type) {
    auto room = envelope_.room(payload);
    std::size_t got = 0;
    while (got < room.size()) {
      auto bytes = ::read(fd_.get(), room.data() + got, room.size() - got);
      if (bytes < 0) return system_failure("read", path_);
      if (bytes == 0) break;
      got += static_cast<std::size_t>(bytes);
    }
    return envelope_.open(got, type);
  }

  UniqueFd fd_;
  std::string path_;
  Envelope envelope_;
  std::uint32_t length_ = 0;
  std::uint64_t next_ = 0, calls_ = 0;
};

Outcome<UniqueFd> open_attribute(const std::string& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd) return system_failure("open", path);
  return fd;
}

class SysfsChannel : public FileChannel {
 public:
  SysfsChannel(const Ability& ability, UniqueFd device, std::string folder, UniqueFd message,
               UniqueFd events)
      : FileChannel(ability, std::move(message), folder + "message"),
        device_(std::move(device)),
        folder_(std::move(folder)),
        events_(std::move(events)) {}

  // How many events there were; a poll waits for the next, and for none before the first look.
  Outcome<std::uint64_t> look() { return came_ = TRY(read_number(events_.get(), "events")); }

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    begin(length);
    TRY(write_value("length", length));
    return write_value("checked", checked);
  }
  Outcome<rs_channel_counts> counts() override {
    rs_channel_counts counts{};
    counts.messages = TRY(read_value("messages"));
    counts.bytes = TRY(read_value("bytes"));
    counts.wrong = TRY(read_value("wrong"));
    counts.missing = TRY(read_value("missing"));
    counts.repeated = TRY(read_value("repeated"));
    return counts;
  }
  Outcome<Nothing> notify(microseconds delay) override {
    rs_channel_notify notify{};
    notify.delay = static_cast<std::uint32_t>(delay.count()), notify.eventfd = -1;
    return ask(device_.get(), RS_CHANNEL_IOC_NOTIFY, notify, "ask for an event of");
  }
  Outcome<std::optional<Event>> wait(microseconds timeout) override {
    pollfd wanted{events_.get(), POLLPRI, 0};
    timespec limit{timeout.count() / 1'000'000, timeout.count() % 1'000'000 * 1'000};
    if (seen_ == came_ && TRY(look()) == seen_) {
      if (ppoll(&wanted, 1, &limit, nullptr) < 0) return system_failure("poll", folder_ + "events");
      TRY(look());
    }
    if (seen_ == came_) return std::optional<Event>();
    return std::optional(Event{seen_++, 0});
  }
  int descriptor() const override { return events_.get(); }
  short readiness() const override { return POLLPRI; }

 private:
  Outcome<std::uint64_t> read_value(const char* name) {
    auto fd = TRY(open_attribute(folder_ + name, O_RDONLY));
    return read_number(fd.get(), name);
  }
  Outcome<std::uint64_t> read_number(int fd, const char* name) {
    std::array<char, 32> text{};
    auto got = pread(fd, text.data(), text.size() - 1, 0);
    if (got <= 0) return system_failure("read", folder_ + name);
    return std::strtoull(text.data(), nullptr, 10);
  }
  Outcome<Nothing> write_value(const char* name, std::uint64_t value) {
    auto fd = TRY(open_attribute(folder_ + name, O_WRONLY));
    auto text = fmt::format("{}\n", value);
    if (::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return ok;
    return system_failure("write", folder_ + name);
  }

  UniqueFd device_;  // whose session it is
  std::string folder_;
  UniqueFd events_;
  std::uint64_t seen_ = 0, came_ = 0;
};

Opened open_at(const Ability& ability, const char* path) {
  return make<FileChannel>(ability, TRY(open_file(path)), path);
}

}  // namespace

Opened open_procfs(const Ability& ability) {
  return open_at(ability, RS_CHANNEL_PROC);
}
Opened open_debugfs(const Ability& ability) {
  return open_at(ability, RS_CHANNEL_DEBUGFS "/message");
}
Opened open_sysfs(const Ability& ability) {
  auto device = TRY(open_file(RS_CHANNEL_DEVICE));
  rs_channel_device call{};
  TRY(ask(device.get(), RS_CHANNEL_IOC_DEVICE, call, "ask for a device of"));
  auto folder = fmt::format("{}/session{}/", RS_CHANNEL_CLASS, call.number);
  auto message = TRY(open_attribute(folder + "message", O_RDWR));
  auto events = TRY(open_attribute(folder + "events", O_RDONLY));
  auto channel = std::make_unique<SysfsChannel>(ability, std::move(device), std::move(folder),
                                                std::move(message), std::move(events));
  TRY(channel->look());
  return std::unique_ptr<Channel>(std::move(channel));
}

}  // namespace ringside::channels
