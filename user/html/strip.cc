// Text is gathered until the room is nearly full, then written.
#include "user/html/strip.hh"

#include <unistd.h>

#include <cerrno>
#include <vector>

namespace ringside::html {
namespace {

constexpr std::size_t kRoom = 256 * 1024;
constexpr std::size_t kKept = 4 * kSlice;  // more than a slice becomes, so that run() never waits
constexpr char kOut[] = "standard output";

class Gathering {
 public:
  explicit Gathering(int fd) : fd_(fd), room_(kRoom) {}

  std::span<std::byte> rest() { return std::span(room_).subspan(used_); }
  Outcome<Nothing> took(std::size_t size) {
    used_ += size;
    return room_.size() - used_ > kKept ? Outcome<Nothing>(ok) : flush();
  }
  Outcome<Nothing> flush() {
    auto size = std::exchange(used_, 0);
    return write_all(fd_, Bytes(room_).first(size), kOut);
  }

 private:
  int fd_;
  std::size_t used_ = 0;
  std::vector<std::byte> room_;
};

}  // namespace

Simd best_simd() {
  return __builtin_cpu_supports("avx2") ? Simd::kAvx2 : Simd::kSse2;
}

Outcome<Nothing> write_all(int fd, Bytes bytes, const std::string& name) {
  while (!bytes.empty()) {
    auto size = ::write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_failure("write to", name);
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return ok;
}

Outcome<Nothing> strip(Source& source, Stripper::Mode mode, int out) {
  auto stripper = std::make_unique<Stripper>(mode);
  auto simd = best_simd();
  Gathering text(out);
  for (;;) {
    auto piece = TRY(source.next());
    if (piece.empty()) break;
    for (; !piece.empty(); piece = piece.subspan(std::min<std::size_t>(piece.size(), kSlice))) {
      stripper->index(piece, simd);
      do {
        TRY(text.took(stripper->run(piece, text.rest())));
      } while (!stripper->done());
    }
  }
  TRY(text.took(stripper->finish(text.rest())));
  return text.flush();
}

}  // namespace ringside::html
