// Taking an index in. Every count is checked against a limit and the whole against the size before
// any part is touched; then the tables' entries against each other.
#include "core/lines/index.hh"

namespace ringside::lines {
namespace {

constexpr auto kHeader = "line index header";

Error wrong(const char* what, const char* part, std::uint64_t at, std::uint64_t expected,
            std::uint64_t found) {
  return Error{what, part, at, expected, found};
}

template <class T>
std::span<const T> part_of(Bytes bytes, std::uint64_t at, std::uint64_t count) {
  return {reinterpret_cast<const T*>(bytes.data() + at), count};
}

Status open_table(Bytes bytes, std::uint64_t count, std::optional<ksyms::Table>& table) {
  auto opened = ksyms::Table::start(bytes);
  if (!opened) return opened.error();
  table = *opened;
  if (table->size() != count) return wrong("number of names", "names", 0, count, table->size());
  return ok;
}

}  // namespace

Status LineIndex::check_header() const {
  const auto& header = *header_;
  if (header.magic != kMagic) return wrong("not a line index", kHeader, 0, kMagic, header.magic);
  if (header.version != kVersion)
    return wrong("line index of another version", kHeader, 8, kVersion, header.version);
  if (header.build_id_size > kMaxBuildId)
    return wrong("build-id too long", kHeader, 12, kMaxBuildId, header.build_id_size);
  if (header.block_size == 0 || header.block_size > kMaxBlock)
    return wrong("segments a block", kHeader, 60, kMaxBlock, header.block_size);
  if (header.functions > kMaxCount)
    return wrong("too many functions", kHeader, 64, kMaxCount, header.functions);
  if (header.paths > kMaxCount)
    return wrong("too many paths", kHeader, 68, kMaxCount, header.paths);
  if (header.sections > kMaxSections)
    return wrong("too many sections", kHeader, 72, kMaxSections, header.sections);
  if (header.stream_size < kStreamPadding)
    return wrong("stream too short", kHeader, 80, kStreamPadding, header.stream_size);
  if (header.function_bits > 32 || header.path_bits > 32 || header.line_bits > 32)
    return wrong("bits of a number", kHeader, 84, 32, 0);
  if (header.names_size >> 62 || header.paths_size >> 62 || header.names_size % 8 ||
      header.paths_size % 8)
    return wrong("size of the names", kHeader, 40, 0, header.names_size);
  return ok;
}

// The header's layout has been checked against the size of bytes_.
void LineIndex::map_parts() {
  auto at = layout_of(*header_);
  auto blocks = block_count(*header_);
  section_table_ = part_of<Section>(bytes_, at.sections, header_->sections);
  values_ = part_of<std::uint32_t>(bytes_, at.values, header_->values);
  bases_ = part_of<std::uint32_t>(bytes_, at.bases, blocks);
  positions_ = part_of<std::uint32_t>(bytes_, at.positions, blocks + 1);
  functions_ = bytes_.subspan(at.functions, function_bytes(*header_));
  stream_ = bytes_.subspan(at.stream, header_->stream_size);
}

Status LineIndex::check_codes() const {
  for (std::uint32_t kind = 0; kind < kCodes; ++kind) {
    const auto& code = header_->codes[kind];
    for (auto width : code.code.width)
      if (width > ksyms::kMaxWidth)
        return wrong("width of a code", kHeader, kind, ksyms::kMaxWidth, width);
    if (code.count == 0 || !fits(code.first_value, code.count, values_.size()))
      return wrong("values of a code", kHeader, kind, values_.size(), code.first_value);
  }
  return ok;
}

Status LineIndex::check_positions() const {
  auto limit = (std::uint64_t{header_->stream_size} - kStreamPadding) * 8;
  for (std::size_t block = 0; block < positions_.size(); ++block)
    if (positions_[block] > limit)
      return wrong("position past the stream", "positions", block, limit, positions_[block]);
  for (std::size_t block = 1; block < bases_.size(); ++block)
    if (bases_[block - 1] >= bases_[block])
      return wrong("addresses do not ascend", "bases", block, bases_[block - 1], bases_[block]);
  return ok;
}

Status LineIndex::open_names() {
  auto at = layout_of(*header_);
  auto count = std::uint64_t{header_->functions} + header_->sections;
  TRY(open_table(bytes_.subspan(at.names, header_->names_size), count, names_));
  return open_table(bytes_.subspan(at.paths, header_->paths_size), header_->paths, path_names_);
}

Status LineIndex::open(Bytes bytes) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 != 0)
    return wrong("not aligned to 8 bytes", "line index", 0, 0, 0);
  if (bytes.size() < sizeof(Header))
    return wrong("too short for a line index", kHeader, 0, sizeof(Header), bytes.size());
  header_ = reinterpret_cast<const Header*>(bytes.data());
  TRY(check_header());
  auto total = layout_of(*header_).total;
  if (total != header_->total_size || total > bytes.size())
    return wrong("size of the line index", kHeader, 16, total, bytes.size());
  bytes_ = bytes.first(total);
  map_parts();
  TRY(check_codes());
  TRY(check_positions());
  return open_names();
}

Status LineIndex::check_block(std::uint32_t block) const {
  auto end = block + 1 < blocks() ? std::uint64_t{bases_[block + 1]} : header_->size;
  auto walk = first_of(block);
  while (walk.left != 0) {
    auto before = walk.next;
    advance(walk);
    if (walk.damaged) return wrong("no segment", "stream", block, 0, walk.bits.at());
    if (walk.left != 0 && walk.next <= before)
      return wrong("addresses do not ascend", "stream", block, before, walk.next);
    if (walk.next >= end) return wrong("block past the next", "stream", block, end, walk.next);
  }
  if (walk.bits.at() != positions_[block + 1])
    return wrong("block ends elsewhere", "positions", block, positions_[block + 1], walk.bits.at());
  return ok;
}

}  // namespace ringside::lines
