// The lab's protocol: headers and payloads to bytes and back; every length from the other side is
// checked against what is there before it is used.
#include "lab/protocol.hh"

#include "core/base/bytes.hh"

namespace ringside::lab {
namespace {

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put(std::string& out, const std::string& text) {
  put<std::uint32_t>(out, text.size());
  out.append(text);
}

void put(std::string& out, const std::vector<std::string>& strings) {
  put<std::uint32_t>(out, strings.size());
  for (const auto& text : strings) put(out, text);
}

// The fields one behind the other.
template <class... Fields>
std::string packed(const Fields&... fields) {
  std::string out;
  (put(out, fields), ...);
  return out;
}

// Reads a payload front to back.
class Reader {
 public:
  explicit Reader(std::string_view payload) : bytes_(as_bytes(payload)) {}

  template <class T>
  Result<T> take(const char* part) {
    auto value = TRY(read<T>(bytes_, at_, part));
    at_ += sizeof(T);
    return value;
  }

  Result<std::string> take_string(const char* part) {
    auto size = TRY(take<std::uint32_t>(part));
    auto text = TRY(slice(bytes_, at_, size, part));
    at_ += size;
    return std::string(reinterpret_cast<const char*>(text.data()), text.size());
  }

  Result<std::vector<std::string>> take_strings(const char* part) {
    std::vector<std::string> strings;
    // Each string takes four bytes at least, so a false count ends at the payload's end.
    for (auto count = TRY(take<std::uint32_t>(part)); count > 0; --count)
      strings.push_back(TRY(take_string(part)));
    return strings;
  }

  Result<bool> take_bool(const char* part) {
    auto value = TRY(take<std::uint8_t>(part));
    if (value > 1) return Error{"not a truth value", part, at_ - 1, 1, value};
    return value == 1;
  }

  Status end(const char* part) const {
    if (at_ != bytes_.size()) return Error{"bytes after the end", part, at_, at_, bytes_.size()};
    return ok;
  }

 private:
  Bytes bytes_;
  std::uint64_t at_ = 0;
};

Status check_header(std::string_view header, std::uint32_t limit) {
  auto bytes = as_bytes(header);
  auto version = load<std::uint8_t>(bytes, 0);
  if (version != kProtocolVersion)
    return Error{"unknown version", "lab message", 0, kProtocolVersion, version};
  auto type = load<std::uint8_t>(bytes, 1);
  if (type == 0 || type > static_cast<std::uint8_t>(kLastType))
    return Error{"unknown type", "lab message", 1, static_cast<std::uint8_t>(kLastType), type};
  auto zero = load<std::uint16_t>(bytes, 2);
  if (zero != 0) return Error{"reserved field is not zero", "lab message", 2, 0, zero};
  auto size = load<std::uint32_t>(bytes, 8);
  if (size > limit) return Error{"payload too large", "lab message", 8, limit, size};
  return ok;
}

}  // namespace

std::string encode(Type type, std::uint32_t run, std::string_view payload) {
  std::string out;
  out.reserve(kHeaderSize + payload.size());
  put(out, kProtocolVersion);
  put(out, static_cast<std::uint8_t>(type));
  put<std::uint16_t>(out, 0);
  put(out, run);
  put<std::uint32_t>(out, payload.size());
  out.append(payload);
  return out;
}

Result<std::optional<Message>> Decoder::next() {
  auto rest = std::string_view(buffer_).substr(used_);
  if (rest.size() < kHeaderSize) return std::optional<Message>();
  TRY(check_header(rest.substr(0, kHeaderSize), limit_));
  auto size = load<std::uint32_t>(as_bytes(rest), 8);
  if (rest.size() - kHeaderSize < size) return std::optional<Message>();
  Message message{static_cast<Type>(rest[1]), load<std::uint32_t>(as_bytes(rest), 4),
                  std::string(rest.substr(kHeaderSize, size))};
  used_ += kHeaderSize + size;
  if (used_ == buffer_.size() || used_ > 2 * kDataLimit) {
    buffer_.erase(0, used_);  // seldom enough to cost less than the copies above
    used_ = 0;
  }
  return std::optional<Message>(std::move(message));
}

std::string encode(const Command& command) {
  return packed(command.directory, command.argv, command.environment);
}

Result<Command> decode_command(std::string_view payload) {
  Reader reader(payload);
  Command command;
  command.directory = TRY(reader.take_string("run: directory"));
  command.argv = TRY(reader.take_strings("run: argv"));
  command.environment = TRY(reader.take_strings("run: environment"));
  TRY(reader.end("run"));
  if (command.argv.empty()) return Error{"no command", "run: argv", 0, 1, 0};
  return command;
}

std::string encode(const Exit& exit) {
  return packed(exit.signal, exit.status, exit.tainted);
}

Result<Exit> decode_exit(std::string_view payload) {
  Reader reader(payload);
  Exit exit;
  exit.signal = TRY(reader.take<std::uint32_t>("exit: signal"));
  exit.status = TRY(reader.take<std::uint32_t>("exit: status"));
  exit.tainted = TRY(reader.take<std::uint64_t>("exit: tainted"));
  TRY(reader.end("exit"));
  if (exit.signal > 64) return Error{"no such signal", "exit: signal", 0, 64, exit.signal};
  if (exit.status > 255) return Error{"no such status", "exit: status", 4, 255, exit.status};
  return exit;
}

std::string encode(const BootConfig& config) {
  std::string out;
  put<std::uint8_t>(out, config.root_on_disk);
  put<std::uint8_t>(out, config.nmi);
  put(out, config.modules);
  put<std::uint32_t>(out, config.shares.size());
  for (const auto& share : config.shares) {
    put(out, share.tag);
    put(out, share.path);
    put<std::uint8_t>(out, share.writable);
  }
  return out;
}

Result<BootConfig> decode_config(std::string_view payload) {
  Reader reader(payload);
  BootConfig config;
  config.root_on_disk = TRY(reader.take_bool("config: root"));
  config.nmi = TRY(reader.take_bool("config: nmi"));
  config.modules = TRY(reader.take_strings("config: modules"));
  for (auto count = TRY(reader.take<std::uint32_t>("config: shares")); count > 0; --count) {
    Share share;
    share.tag = TRY(reader.take_string("config: tag"));
    share.path = TRY(reader.take_string("config: path"));
    share.writable = TRY(reader.take_bool("config: writable"));
    config.shares.push_back(std::move(share));
  }
  TRY(reader.end("config"));
  return config;
}

std::string encode_u32(std::uint32_t value) {
  return packed(value);
}

Result<std::uint32_t> decode_u32(std::string_view payload) {
  Reader reader(payload);
  auto value = TRY(reader.take<std::uint32_t>("u32"));
  TRY(reader.end("u32"));
  return value;
}

}  // namespace ringside::lab
