// Each library is a Step: it takes what it wants from the input, appends to the output that
// `drain` grows, and says whether the stream has ended. LZ4's and LZO's containers are read here,
// because their libraries unpack blocks only.
#include "user/compress/unpack.hh"

#include <bzlib.h>
#include <fmt/format.h>
#include <lz4.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

namespace ringside::compress {
namespace {

using Buffer = PageBuffer;
using Output = std::span<std::byte>;

enum class Step { kMore, kEnd, kDamaged };

// What to unpack, and the bounds of it.
struct Job {
  Bytes data;
  const std::string& input;
  std::uint64_t limit;
};

// `unpacked`: the bytes that came out before.
Failure damaged(const Job& job, const char* format, std::uint64_t unpacked) {
  return {
      fmt::format("{}: damaged or truncated {} data ({} bytes of it, bad after {} unpacked ones): "
                  "fetch or copy it again",
                  job.input, format, job.data.size(), unpacked)};
}

Failure too_large(const Job& job) {
  return {fmt::format("{}: unpacks to more than {} bytes", job.input, job.limit)};
}

// Calls `step(free part of the output, bytes produced)` until the stream ends. The output has room
// for one byte more than the limit, by which a stream that ends right there is told from others.
template <class Stepper>
Outcome<Buffer> drain(const Job& job, const char* format, Stepper step) {
  constexpr std::uint64_t kFirstMin = 64u << 10, kFirstMax = 16u << 20;
  auto first = std::clamp<std::uint64_t>(4 * job.data.size(), kFirstMin, kFirstMax);
  Buffer out(std::min(first, job.limit + 1));
  std::size_t used = 0;
  for (;;) {
    std::size_t produced = 0;
    auto state = step(out.bytes().subspan(used), produced);
    used += produced;
    if (state == Step::kDamaged) return damaged(job, format, used);
    if (used > job.limit) return too_large(job);
    if (state == Step::kEnd) break;
    if (used < out.size()) return damaged(job, format, used);  // room left, and nothing more came
    out.resize(std::min<std::uint64_t>(out.size() * 2, job.limit + 1));
  }
  out.resize(used);
  return out;
}

Outcome<Buffer> unpack_gzip(const Job& job) {
  z_stream stream{};
  constexpr int kAnyHeader = 32;  // gzip's, or zlib's as in compressed ELF sections
  if (inflateInit2(&stream, kAnyHeader + MAX_WBITS) != Z_OK) return Failure{"zlib: no memory"};
  std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(job.data.data()));
  stream.avail_in = static_cast<uInt>(job.data.size());
  return drain(job, "gzip", [&](Output out, std::size_t& produced) {
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    int status = inflate(&stream, Z_NO_FLUSH);
    produced = out.size() - stream.avail_out;
    if (status == Z_STREAM_END) return Step::kEnd;
    return status == Z_OK || status == Z_BUF_ERROR ? Step::kMore : Step::kDamaged;
  });
}

Outcome<Buffer> unpack_xz(const Job& job) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_auto_decoder(&stream, kUnpackLimit, 0) != LZMA_OK) return Failure{"liblzma: no memory"};
  std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> guard(&stream, lzma_end);
  stream.next_in = reinterpret_cast<const std::uint8_t*>(job.data.data());
  stream.avail_in = job.data.size();
  return drain(job, "xz", [&](Output out, std::size_t& produced) {
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream.avail_out = out.size();
    auto status = lzma_code(&stream, LZMA_RUN);
    produced = out.size() - stream.avail_out;
    if (status == LZMA_STREAM_END) return Step::kEnd;
    return status == LZMA_OK || status == LZMA_BUF_ERROR ? Step::kMore : Step::kDamaged;
  });
}

Outcome<Buffer> unpack_zstd(const Job& job) {
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return Failure{"libzstd: no memory"};
  ZSTD_inBuffer in{job.data.data(), job.data.size(), 0};
  return drain(job, "zstd", [&](Output space, std::size_t& produced) {
    ZSTD_outBuffer out{space.data(), space.size(), 0};
    auto status = ZSTD_decompressStream(context.get(), &out, &in);
    produced = out.pos;
    if (ZSTD_isError(status)) return Step::kDamaged;
    return status == 0 ? Step::kEnd : Step::kMore;
  });
}

Outcome<Buffer> unpack_bzip2(const Job& job) {
  bz_stream stream{};
  if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) return Failure{"libbz2: no memory"};
  std::unique_ptr<bz_stream, int (*)(bz_stream*)> guard(&stream, BZ2_bzDecompressEnd);
  stream.next_in = reinterpret_cast<char*>(const_cast<std::byte*>(job.data.data()));
  stream.avail_in = static_cast<unsigned>(job.data.size());
  return drain(job, "bzip2", [&](Output out, std::size_t& produced) {
    stream.next_out = reinterpret_cast<char*>(out.data());
    stream.avail_out = static_cast<unsigned>(out.size());
    int status = BZ2_bzDecompress(&stream);
    produced = out.size() - stream.avail_out;
    if (status == BZ_STREAM_END) return Step::kEnd;
    return status == BZ_OK ? Step::kMore : Step::kDamaged;
  });
}

// Appends one block of at most `size` bytes that `decode(room)` unpacks; false where it cannot.
template <class Decode>
bool append_block(Buffer& out, std::size_t size, Decode decode) {
  auto used = out.size();
  out.resize(used + size);
  std::int64_t produced = decode(out.bytes().subspan(used));
  out.resize(used + static_cast<std::size_t>(std::max<std::int64_t>(produced, 0)));
  return produced >= 0;
}

// The legacy frame: magic, then blocks of 8 MiB, each behind its packed size. It has no end mark:
// a block that is not full is the last one, or the input ends.
// Source: doc/lz4_Frame_format.md of lz4.
Outcome<Buffer> unpack_lz4(const Job& job) {
  constexpr std::size_t kBlock = 8u << 20, kPackedMax = LZ4_COMPRESSBOUND(kBlock);
  constexpr std::size_t kRatioMax = 255;  // a packed byte lengthens a match by no more
  Buffer out;
  std::uint64_t at = 4;
  while (out.size() % kBlock == 0 && fits(at, 4, job.data.size())) {
    auto size = load<std::uint32_t>(job.data, at);
    at += 4;
    if (!fits(at, size, job.data.size()) || size > kPackedMax)
      return damaged(job, "lz4", out.size());
    auto room = std::min<std::size_t>(kBlock, size * kRatioMax);
    bool good = append_block(out, room, [&](Output to) {
      return LZ4_decompress_safe(reinterpret_cast<const char*>(job.data.data() + at),
                                 reinterpret_cast<char*>(to.data()), static_cast<int>(size),
                                 static_cast<int>(to.size()));
    });
    if (!good) return damaged(job, "lz4", out.size());
    if (out.size() > job.limit) return too_large(job);
    at += size;
  }
  if (out.empty()) return damaged(job, "lz4", out.size());
  return out;
}

// lzop's numbers are big-endian.
template <class T>
Result<T> read_big(Bytes data, std::uint64_t& at) {
  auto bytes = TRY(slice(data, at, sizeof(T), "lzop header"));
  at += sizeof(T);
  T value = 0;
  for (auto byte : bytes) value = static_cast<T>(value << 8 | static_cast<std::uint8_t>(byte));
  return value;
}

struct LzopHeader {
  std::uint32_t flags = 0;
  std::uint64_t end = 0;
};

// Source: lib/decompress_unlzo.c and lzop's file format.
Result<LzopHeader> read_lzop_header(Bytes data) {
  constexpr std::uint16_t kNewer = 0x0940;
  constexpr std::uint32_t kFilter = 0x800;
  LzopHeader header;
  std::uint64_t at = 9;
  bool newer = TRY(read_big<std::uint16_t>(data, at)) >= kNewer;
  at += newer ? 2 + 2 + 1 + 1 : 2 + 1;  // library version, needed version, method, level
  header.flags = TRY(read_big<std::uint32_t>(data, at));
  at += header.flags & kFilter ? 8 : 4;  // filter, mode
  at += newer ? 8 : 4;                   // modification time
  auto name = TRY(read_big<std::uint8_t>(data, at));
  header.end = at + name + 4;  // name, checksum
  return header;
}

// Unpacks `block` into exactly `size` bytes behind `out`; a block that packing did not make smaller
// is stored.
bool append_lzo(Buffer& out, Bytes block, std::size_t size) {
  return append_block(out, size, [&](Output to) -> std::int64_t {
    if (block.size() == size) return std::copy(block.begin(), block.end(), to.begin()) - to.begin();
    auto* from = reinterpret_cast<lzo_bytep>(const_cast<std::byte*>(block.data()));
    lzo_uint length = to.size();
    int status = lzo1x_decompress_safe(from, block.size(), reinterpret_cast<lzo_bytep>(to.data()),
                                       &length, nullptr);
    return status == LZO_E_OK && length == size ? static_cast<std::int64_t>(length) : -1;
  });
}

// One lzop block at `at`: its unpacked bytes go to `out`. False at the end mark.
Result<bool> append_lzop_block(Bytes data, std::uint32_t flags, std::uint64_t& at, Buffer& out) {
  constexpr std::uint32_t kBlockMax = 256u << 10;  // LZO_BLOCK_SIZE: the kernel takes no larger
  auto size = TRY(read_big<std::uint32_t>(data, at));
  if (size == 0) return false;
  auto packed = TRY(read_big<std::uint32_t>(data, at));
  if (size > kBlockMax) return Error{"block too large", "lzop block", at, kBlockMax, size};
  if (packed > size) return Error{"packed block too large", "lzop block", at, size, packed};
  at += (flags & 1 ? 4 : 0) + (flags & 0x100 ? 4 : 0);  // checksums of the unpacked bytes
  if (packed < size) at += (flags & 2 ? 4 : 0) + (flags & 0x200 ? 4 : 0);  // of the packed ones
  auto block = TRY(slice(data, at, packed, "lzop block"));
  at += packed;
  if (!append_lzo(out, block, size)) return Error{"damaged block", "lzop block", at, size, packed};
  return true;
}

Outcome<Buffer> unpack_lzo(const Job& job) {
  auto header = read_lzop_header(job.data);
  if (!header) return damaged(job, "lzo", 0);
  Buffer out;
  for (std::uint64_t at = header->end; out.size() <= job.limit;) {
    auto more = append_lzop_block(job.data, header->flags, at, out);
    if (!more) return damaged(job, "lzo", out.size());
    if (!*more) return out;
  }
  return too_large(job);
}

}  // namespace

Outcome<Buffer> unpack(Bytes data, Packing packing, const std::string& input, std::uint64_t limit) {
  const Job job{data, input, limit};
  switch (packing) {
    case Packing::kGzip:
      return unpack_gzip(job);
    case Packing::kXz:
    case Packing::kLzma:
      return unpack_xz(job);
    case Packing::kZstd:
      return unpack_zstd(job);
    case Packing::kLz4:
      return unpack_lz4(job);
    case Packing::kLzo:
      return unpack_lzo(job);
    case Packing::kBzip2:
      return unpack_bzip2(job);
    case Packing::kNone:
      break;
  }
  Buffer copy(data.size());
  std::copy(data.begin(), data.end(), copy.data());
  return copy;
}

}  // namespace ringside::compress
