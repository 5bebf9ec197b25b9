// Channels whose messages are reads and writes of one file: procfs and debugfs. A seq_file may give
// several messages, or a part of one, to a read that has room for more or for less; so a read asks
// for exactly one.
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

#include "user/channels/kinds.hh"

namespace ringside::channels {
namespace {

class FileChannel : public Channel {
 public:
  FileChannel(const Ability& ability, UniqueFd fd, const char* path)
      : Channel(ability), fd_(std::move(fd)), path_(path) {}

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    length_ = length, next_ = 0;
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

 private:
  Outcome<Nothing> put(Bytes message) {
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
  const char* path_;
  Envelope envelope_;
  std::uint32_t length_ = 0;
  std::uint64_t next_ = 0, calls_ = 0;
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

}  // namespace ringside::channels
