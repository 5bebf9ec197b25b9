// A regular file is read ahead: kDepth pieces are under way, each into its own buffer, and are
// given out in order. Anything else has no offsets and is read piece by piece. A short read of a
// regular file is filled up by pread(2), so that the offsets of the pieces behind it stay right.
#include "user/html/uring.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <liburing.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

namespace ringside::html {
namespace {

constexpr unsigned kDepth = 4;

class UringSource : public Source {
 public:
  UringSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {
    struct stat status;
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    offset_ = regular ? lseek(fd, 0, SEEK_CUR) : -1;
    for (auto& piece : pieces_) piece.bytes.resize(kPiece);
  }
  // The kernel may still write into the buffers of what is under way.
  ~UringSource() override {
    while (open_ && under_way_ && reap()) {
    }
    if (open_) io_uring_queue_exit(&ring_);
  }

  Outcome<Nothing> open() {
    int status = io_uring_queue_init(kDepth, &ring_, 0);
    if (status < 0) return failed("set io_uring up for", status);
    open_ = true;
    if (offset_ < 0) return ok;
    for (unsigned each = 0; each < kDepth; ++each) TRY(submit(each));
    return ok;
  }

  Outcome<Bytes> next() override {
    if (ended_) return Bytes();
    if (offset_ < 0) return next_of_stream();
    if (given_) TRY(submit((turn_ + kDepth - 1) % kDepth));
    given_ = true;
    auto& piece = pieces_[turn_];
    turn_ = (turn_ + 1) % kDepth;
    TRY(wait_for(piece));
    auto size = TRY(fill_up(piece));
    ended_ = size < kPiece;
    return Bytes(piece.bytes.data(), size);
  }

 private:
  struct Piece {
    std::vector<std::byte> bytes;
    std::int64_t offset = 0;
    int result = 0;
    bool pending = false;
  };

  Failure failed(const char* what, int status) const {
    errno = -status;
    return system_failure(what, name_);
  }

  Outcome<Nothing> submit(unsigned number) {
    auto& piece = pieces_[number];
    auto* entry = io_uring_get_sqe(&ring_);
    if (!entry) return failed("ask io_uring to read", -EBUSY);
    piece.offset = offset_;
    if (offset_ >= 0) offset_ += kPiece;
    io_uring_prep_read(entry, fd_, piece.bytes.data(), kPiece,
                       static_cast<std::uint64_t>(piece.offset));
    io_uring_sqe_set_data64(entry, number);
    int status = io_uring_submit(&ring_);
    if (status < 0) return failed("ask io_uring to read", status);
    piece.pending = true;
    ++under_way_;
    return ok;
  }

  bool reap() {
    io_uring_cqe* completion = nullptr;
    int status;
    do {
      status = io_uring_wait_cqe(&ring_, &completion);
    } while (status == -EINTR);
    if (status < 0) return false;
    auto& piece = pieces_[io_uring_cqe_get_data64(completion)];
    piece.result = completion->res;
    piece.pending = false;
    --under_way_;
    io_uring_cqe_seen(&ring_, completion);
    return true;
  }

  Outcome<Nothing> wait_for(Piece& piece) {
    while (piece.pending)
      if (!reap()) return failed("wait for io_uring to read", -EIO);
    if (piece.result < 0) return failed("read", piece.result);
    return ok;
  }

  Outcome<std::size_t> fill_up(Piece& piece) {
    auto size = static_cast<std::size_t>(piece.result);
    while (size < kPiece) {
      auto more = pread(fd_, piece.bytes.data() + size, kPiece - size,
                        piece.offset + static_cast<std::int64_t>(size));
      if (more < 0 && errno == EINTR) continue;
      if (more < 0) return system_failure("read", name_);
      if (more == 0) break;
      size += static_cast<std::size_t>(more);
    }
    return size;
  }

  Outcome<Bytes> next_of_stream() {
    TRY(submit(0));
    TRY(wait_for(pieces_[0]));
    ended_ = pieces_[0].result == 0;
    return Bytes(pieces_[0].bytes.data(), static_cast<std::size_t>(pieces_[0].result));
  }

  int fd_;
  std::string name_;
  io_uring ring_{};
  std::array<Piece, kDepth> pieces_;
  std::int64_t offset_ = 0;  // of the next read; -1: the file has no offsets
  unsigned turn_ = 0, under_way_ = 0;
  bool open_ = false, given_ = false, ended_ = false;
};

}  // namespace

Outcome<std::unique_ptr<Source>> open_uring(int fd, const std::string& name) {
  auto source = std::make_unique<UringSource>(fd, name);
  TRY(source->open());
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace ringside::html
