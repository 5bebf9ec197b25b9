// The lab's protocol: what the host and the agent in the guest say to each other over four
// virtio-serial ports. A message is a header of twelve bytes and a payload:
//
//   u8 version (1)  u8 type  u16 zero  u32 run  u32 size  | size bytes of payload, little-endian
//
// control carries hello, run, signal, exit, heartbeat, nmi, shutdown and bye; in, out and err
// carry data and its end (eof). `run` counts the commands of a session, so that bytes that were
// meant for an ended command are recognised and dropped. A decoder is fed bytes as they come and
// refuses what it does not know: another version, an unknown type, a non-zero reserved field, a
// payload above its port's limit. docs/lab.md tells the order of the messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hh"

namespace ringside::lab {

inline constexpr std::uint8_t kProtocolVersion = 1;
inline constexpr std::size_t kHeaderSize = 12;
inline constexpr std::uint32_t kDataLimit = 64 * 1024;           // payload on in, out and err
inline constexpr std::uint32_t kControlLimit = 2 * 1024 * 1024;  // payload on control

// The names of the ports, as the guest finds them in /sys/class/virtio-ports/*/name.
inline constexpr const char* kPortNames[] = {"ringside.control", "ringside.in", "ringside.out",
                                             "ringside.err"};
enum PortIndex : unsigned { kControl, kIn, kOut, kErr, kPortCount };

enum class Type : std::uint8_t {
  kHello = 1,      // agent: it is ready; payload: uname -r
  kRun = 2,        // host: start a command; payload: Command
  kSignal = 3,     // host: send a signal to the command's process group; payload: u32
  kExit = 4,       // agent: the command ended; payload: Exit
  kHeartbeat = 5,  // host asks, agent answers with the same payload
  kNmi = 6,        // agent: the command asked for a non-maskable interrupt
  kShutdown = 7,   // host: write everything back
  kBye = 8,        // agent: done; the guest may be ended
  kData = 9,       // in, out, err: bytes
  kEof = 10,       // in, out, err: no more bytes in this run
};
inline constexpr Type kLastType = Type::kEof;

struct Message {
  Type type = Type::kHeartbeat;
  std::uint32_t run = 0;
  std::string payload;
};

// The message as bytes for the wire. The payload must be within its port's limit.
std::string encode(Type type, std::uint32_t run, std::string_view payload = {});

// Bytes in, messages out. After an error the stream is lost and every next() repeats the error.
class Decoder {
 public:
  explicit Decoder(std::uint32_t payload_limit) : limit_(payload_limit) {}
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole message, nothing where more bytes are needed, or what is wrong.
  Result<std::optional<Message>> next();

 private:
  std::uint32_t limit_;
  std::string buffer_;
  std::size_t used_ = 0;  // bytes of buffer_ that earlier messages took
};

// A command as it travels: argv (at least one), environment ("NAME=value") and directory.
struct Command {
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string directory;
};

std::string encode(const Command& command);
Result<Command> decode_command(std::string_view payload);

// How a command ended. `tainted` is /proc/sys/kernel/tainted after it.
struct Exit {
  std::uint32_t signal = 0;  // the signal that killed it, or 0
  std::uint32_t status = 0;  // its exit status where no signal did
  std::uint64_t tainted = 0;
};

std::string encode(const Exit& exit);
Result<Exit> decode_exit(std::string_view payload);

// A directory that the host shows to the guest. `path` is absolute and free of symbolic links;
// "/" is the root's.
struct Share {
  std::string tag;  // 9p mount tag
  std::string path;
  bool writable = false;  // writes reach the host; else they stay in the guest
};

// What the agent has to know before it can hear the host: a file in the initramfs (kConfigPath).
struct BootConfig {
  std::vector<std::string> modules;  // files in the initramfs, in loading order
  std::vector<Share> shares;
  bool root_on_disk = false;  // the root is an erofs image on /dev/vda, not the 9p share "/"
  bool nmi = false;           // commands may ask for an NMI by a line into kNmiPath
};
inline constexpr const char* kConfigPath = "/lab/config";
inline constexpr const char* kNmiPath = "/run/ringside-nmi";

std::string encode(const BootConfig& config);
Result<BootConfig> decode_config(std::string_view payload);

std::string encode_u32(std::uint32_t value);
Result<std::uint32_t> decode_u32(std::string_view payload);

}  // namespace ringside::lab
