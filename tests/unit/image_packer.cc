// pack: the libraries that made the formats pack; LZ4's legacy frame and lzop's container are
// written here, for their libraries know blocks only.
#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>

#include "tests/unit/image_writer.hh"

namespace ringside::test {
namespace {

// A packer that fails has nothing to do with what is tested.
void require(bool good) {
  if (!good) std::abort();
}

std::uint8_t* bytes_of(Bytes data) {
  return reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(data.data()));
}

Buffer pack_gzip(Bytes data) {
  z_stream stream{};
  require(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  Buffer out(deflateBound(&stream, data.size()) + 32);
  stream.next_in = bytes_of(data);
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = bytes_of(out);
  stream.avail_out = static_cast<uInt>(out.size());
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Buffer pack_xz(Bytes data) {
  Buffer out(lzma_stream_buffer_bound(data.size()));
  std::size_t used = 0;
  require(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr, bytes_of(data), data.size(),
                                  bytes_of(out), &used, out.size()) == LZMA_OK);
  out.resize(used);
  return out;
}

Buffer pack_lzma(Bytes data) {
  lzma_options_lzma options;
  lzma_lzma_preset(&options, 0);
  options.dict_size = 16u << 20;  // a smaller one has no magic that is told from chance
  lzma_stream stream = LZMA_STREAM_INIT;
  require(lzma_alone_encoder(&stream, &options) == LZMA_OK);
  Buffer out(data.size() * 2 + 1024);
  stream.next_in = bytes_of(data);
  stream.avail_in = data.size();
  stream.next_out = bytes_of(out);
  stream.avail_out = out.size();
  require(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END);
  out.resize(stream.total_out);
  lzma_end(&stream);
  return out;
}

Buffer pack_zstd(Bytes data) {
  Buffer out(ZSTD_compressBound(data.size()));
  auto used = ZSTD_compress(out.data(), out.size(), data.data(), data.size(), 3);
  require(!ZSTD_isError(used));
  out.resize(used);
  return out;
}

Buffer pack_bzip2(Bytes data) {
  Buffer out(data.size() + data.size() / 50 + 1024);
  auto used = static_cast<unsigned>(out.size());
  require(BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(out.data()), &used,
                                   reinterpret_cast<char*>(bytes_of(data)),
                                   static_cast<unsigned>(data.size()), 1, 0, 0) == BZ_OK);
  out.resize(used);
  return out;
}

Buffer pack_lz4(Bytes data) {
  constexpr std::size_t kBlock = 8u << 20;
  ByteWriter out;
  out.put(std::uint32_t{0x184c'2102});
  for (std::size_t at = 0; at < data.size(); at += kBlock) {
    auto block = data.subspan(at, std::min(kBlock, data.size() - at));
    Buffer packed(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(block.size()))));
    auto used = LZ4_compress_default(
        reinterpret_cast<const char*>(block.data()), reinterpret_cast<char*>(packed.data()),
        static_cast<int>(block.size()), static_cast<int>(packed.size()));
    require(used > 0);
    out.put(static_cast<std::uint32_t>(used));
    out.put_bytes(Bytes(packed).first(static_cast<std::size_t>(used)));
  }
  return out.take();
}

// One lzop block; stored where packing does not make it smaller, as lzop does it.
LzopBlock lzop_block(Bytes data) {
  Buffer packed(data.size() + data.size() / 16 + 64 + 3), work(LZO1X_1_MEM_COMPRESS);
  lzo_uint used = packed.size();
  require(lzo1x_1_compress(bytes_of(data), data.size(), bytes_of(packed), &used, work.data()) ==
          LZO_E_OK);
  packed.resize(used);
  if (used >= data.size()) packed.assign(data.begin(), data.end());
  return {static_cast<std::uint32_t>(data.size()), static_cast<std::uint32_t>(packed.size()),
          packed};
}

Buffer pack_lzo(Bytes data) {
  constexpr std::size_t kBlock = 256u << 10;
  std::vector<LzopBlock> blocks;
  for (std::size_t at = 0; at < data.size(); at += kBlock)
    blocks.push_back(lzop_block(data.subspan(at, std::min(kBlock, data.size() - at))));
  return lzop_file(blocks, 1);
}

}  // namespace

Buffer lzop_file(const std::vector<LzopBlock>& blocks, std::uint32_t flags, std::uint16_t version) {
  ByteWriter out;
  auto put_big = [&](std::uint32_t value) { out.put(__builtin_bswap32(value)); };
  auto put_checksums = [&](std::uint32_t adler, std::uint32_t crc) {
    if (flags & adler) put_big(0);
    if (flags & crc) put_big(0);
  };
  out.put_text(std::string_view("\x89LZO\0\r\n\x1a\n", 9));
  out.put(__builtin_bswap16(version));
  out.put(std::uint16_t{0x2020});                        // library
  if (version >= 0x940) out.put(std::uint16_t{0x4009});  // needed: 0.940
  out.put(std::uint8_t{3});                              // method
  if (version >= 0x940) out.put(std::uint8_t{9});        // level
  put_big(flags);
  if (flags & 0x800) put_big(1);                                             // filter
  put_big(0644);                                                             // mode
  for (int word = 0; word < (version >= 0x940 ? 2 : 1); ++word) put_big(0);  // time
  out.put(std::uint8_t{7});
  out.put_text("vmlinux");
  put_big(0);  // checksum of the header
  for (const auto& block : blocks) {
    put_big(block.size);
    put_big(block.packed_size);
    put_checksums(1, 0x100);
    if (block.packed_size < block.size) put_checksums(2, 0x200);
    out.put_bytes(block.packed);
  }
  put_big(0);
  return out.take();
}

Buffer pack(Bytes data, Packing packing) {
  switch (packing) {
    case Packing::kGzip:
      return pack_gzip(data);
    case Packing::kXz:
      return pack_xz(data);
    case Packing::kLzma:
      return pack_lzma(data);
    case Packing::kZstd:
      return pack_zstd(data);
    case Packing::kBzip2:
      return pack_bzip2(data);
    case Packing::kLz4:
      return pack_lz4(data);
    case Packing::kLzo:
      return pack_lzo(data);
    case Packing::kNone:
      break;
  }
  return Buffer(data.begin(), data.end());
}

}  // namespace ringside::test
