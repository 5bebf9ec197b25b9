// A file of several xz streams or zstd frames, one behind the other, is one firmware, as `xz -dc`
// and `zstd -dc` have it.
#include "user/firmware/source.hh"

#include <fmt/format.h>
#include <lzma.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <array>
#include <bit>
#include <cerrno>

namespace ringside::firmware {
namespace {

using Piece = std::array<std::byte, kPiece>;

class PlainSource : public Source {
 public:
  PlainSource(UniqueFd file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

  Outcome<Bytes> next() override {
    ssize_t size;
    do {
      size = ::read(file_.get(), piece_.data(), piece_.size());
    } while (size < 0 && errno == EINTR);
    if (size < 0) return system_failure("read", name_);
    return Bytes(piece_.data(), static_cast<std::size_t>(size));
  }

 private:
  UniqueFd file_;
  std::string name_;
  Piece piece_;
};

// What both formats share: packed bytes in, a piece out.
class PackedSource : public Source {
 public:
  PackedSource(UniqueFd file, const std::string& name)
      : input_(std::move(file), name), name_(name) {}

  Outcome<Bytes> next() override {
    std::size_t produced = 0;
    while (produced == 0 && !ended_) {
      if (unread_.empty() && !input_ended_) {
        unread_ = TRY(input_.next());
        input_ended_ = unread_.empty();
      }
      produced = TRY(step());
    }
    return Bytes(piece_.data(), produced);
  }

 protected:
  // Unpacks some of unread_ into piece_; sets ended_ where input_ended_ and all is well.
  virtual Outcome<std::size_t> step() = 0;

  Failure damaged() const {
    return {fmt::format("{}: damaged or cut short: fetch or copy it again", name_)};
  }
  Failure too_hungry() const {
    return {
        fmt::format("{}: wants a window of more than {} MiB to be unpacked: pack it with a "
                    "lower level",
                    name_, kWindowMax >> 20)};
  }

  PlainSource input_;
  Bytes unread_;
  bool input_ended_ = false, ended_ = false;
  Piece piece_;

 private:
  std::string name_;
};

class XzSource : public PackedSource {
 public:
  using PackedSource::PackedSource;
  ~XzSource() override { lzma_end(&stream_); }

  bool start() {
    constexpr std::uint64_t kDecoder = 2u << 20;  // beside its window
    return lzma_stream_decoder(&stream_, kWindowMax + kDecoder, LZMA_CONCATENATED) == LZMA_OK;
  }

 protected:
  Outcome<std::size_t> step() override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(unread_.data());
    stream_.avail_in = unread_.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(piece_.data());
    stream_.avail_out = piece_.size();
    auto status = lzma_code(&stream_, input_ended_ ? LZMA_FINISH : LZMA_RUN);
    unread_ = unread_.last(stream_.avail_in);
    ended_ = status == LZMA_STREAM_END;
    if (status == LZMA_MEMLIMIT_ERROR || status == LZMA_MEM_ERROR) return too_hungry();
    if (status != LZMA_OK && !ended_) return damaged();
    return piece_.size() - stream_.avail_out;
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

class ZstdSource : public PackedSource {
 public:
  using PackedSource::PackedSource;

  bool start() {
    constexpr int kWindowLog = std::bit_width(kWindowMax) - 1;
    return context_ &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLog));
  }

 protected:
  Outcome<std::size_t> step() override {
    ZSTD_inBuffer in{unread_.data(), unread_.size(), 0};
    ZSTD_outBuffer out{piece_.data(), piece_.size(), 0};
    auto status = ZSTD_decompressStream(context_.get(), &out, &in);
    unread_ = unread_.subspan(in.pos);
    if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge) return too_hungry();
    if (ZSTD_isError(status)) return damaged();
    // Nothing came of no input: all is flushed. 0: at the end of a frame.
    if (in.pos > 0 || out.pos > 0) whole_ = status == 0;
    if (input_ended_ && out.pos == 0) {
      if (!whole_) return damaged();
      ended_ = true;
    }
    return out.pos;
  }

 private:
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_{ZSTD_createDCtx(),
                                                                   ZSTD_freeDCtx};
  bool whole_ = false;  // the last frame has ended
};

template <class Packed>
Outcome<std::unique_ptr<Source>> start(UniqueFd file, const std::string& name) {
  auto source = std::make_unique<Packed>(std::move(file), name);
  if (!source->start()) return Failure{fmt::format("{}: no memory to unpack it", name)};
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace

Outcome<std::unique_ptr<Source>> Source::open(UniqueFd file, Form form, std::string name) {
  if (form == Form::kXz) return start<XzSource>(std::move(file), name);
  if (form == Form::kZstd) return start<ZstdSource>(std::move(file), name);
  return std::unique_ptr<Source>(std::make_unique<PlainSource>(std::move(file), std::move(name)));
}

}  // namespace ringside::firmware
