// A look-up finds the block by binary search over the blocks' first addresses and replays its
// segments up to the address. Lines and paths are kept as differences from where each function
// begins; only the frames that are left at the end are looked up in the table of functions.
#include "core/lines/index.hh"

namespace ringside::lines {

static constexpr std::uint32_t kOwnPath = 0xffff'ffff;  // the path where the function begins

// The next number of a code, as what it means.
std::uint32_t LineIndex::take(Walk& walk, CodeKind kind) const {
  const auto& code = header_->codes[kind];
  auto number = ksyms::decode(walk.bits, code.code);
  if (number == code.escape) return static_cast<std::uint32_t>(walk.bits.take(kRawBits));
  if (number < code.count) return values_[code.first_value + number];
  walk.damaged = true;
  return 0;
}

std::uint32_t LineIndex::take_path(Walk& walk) const {
  auto path = static_cast<std::uint32_t>(walk.bits.take(header_->path_bits));
  if (path > header_->paths) walk.damaged = true;
  return path;
}

// The outermost function: mostly the one after the last one's.
void LineIndex::push_outer(Walk& walk) const {
  auto function = walk.last_outer + 1;
  if (walk.bits.take(1) == 0)
    function = static_cast<std::uint32_t>(walk.bits.take(header_->function_bits));
  if (function > header_->functions) walk.damaged = true;
  if (walk.damaged) return;
  if (function != header_->functions) walk.last_outer = function;
  walk.stack[walk.depth++] = {function, kOwnPath, 0};
}

void LineIndex::push_frame(Walk& walk, bool paths) const {
  if (walk.depth == 0) return push_outer(walk);
  auto& caller = walk.stack[walk.depth - 1];
  caller.line += take(walk, kCallLines);
  if (paths) caller.path = take_path(walk);
  auto function = take(walk, kInlined);
  if (function > header_->functions) walk.damaged = true;
  walk.stack[walk.depth++] = {function, kOwnPath, 0};
}

void LineIndex::set_line(Walk& walk, const Step& step) const {
  auto kind = step.come != 0 ? kNewLines : step.gone != 0 ? kBackLines : kSameLines;
  auto& level = walk.stack[walk.depth - 1];
  level.line += take(walk, kind);
  if (step.paths) level.path = take_path(walk);
}

// On to the next segment, whose first address the walk knows already, and to the address after it.
void LineIndex::advance(Walk& walk) const {
  --walk.left;
  auto step = Step::from(take(walk, kSteps));
  if (step.gone > walk.depth || step.come > kMaxFrames - (walk.depth - step.gone)) {
    walk.damaged = true;
    return;
  }
  walk.depth -= step.gone;
  for (std::uint32_t i = 0; i < step.come && !walk.damaged; ++i) push_frame(walk, step.paths);
  if (walk.damaged) return;
  if (walk.depth != 0) set_line(walk, step);
  if (walk.left != 0) walk.next += take(walk, kSizes);
}

LineIndex::Walk LineIndex::first_of(std::uint32_t block) const {
  Walk walk(BitReader(stream_, positions_[block]));
  walk.next = bases_[block];
  auto first = std::uint64_t{block} * header_->block_size;
  auto left = header_->segments - first;
  walk.left = left < header_->block_size ? static_cast<std::uint32_t>(left) : header_->block_size;
  walk.last_outer = header_->functions;
  return walk;
}

// The last block whose first address is at or below `offset`; there is one.
std::uint32_t LineIndex::block_at(std::uint64_t offset) const {
  std::uint32_t low = 0, high = blocks();
  while (high - low > 1) {
    auto middle = low + (high - low) / 2;
    (bases_[middle] <= offset ? low : high) = middle;
  }
  return low;
}

Frame LineIndex::frame(const Level& level) const {
  Frame frame{level.function, level.path, level.line};
  if (level.function == header_->functions) {
    if (level.path == kOwnPath) frame.path = header_->paths;
    return frame;
  }
  auto each = header_->path_bits + header_->line_bits;
  BitReader bits(functions_, std::uint64_t{level.function} * each);
  auto path = static_cast<std::uint32_t>(bits.take(header_->path_bits));
  if (level.path == kOwnPath) frame.path = path < header_->paths ? path : header_->paths;
  frame.line += static_cast<std::uint32_t>(bits.take(header_->line_bits));
  return frame;
}

void LineIndex::set_frames(const Walk& walk, Frames& frames) const {
  frames.count = walk.depth;
  for (std::uint32_t i = 0; i < walk.depth; ++i)
    frames.items[i] = frame(walk.stack[walk.depth - 1 - i]);
}

bool LineIndex::find(std::uint64_t address, Frames& frames) const {
  frames.count = 0;
  auto offset = address - header_->start;
  if (address < header_->start || offset >= header_->size || bases_.empty() || offset < bases_[0])
    return true;
  auto walk = first_of(block_at(offset));
  do {
    advance(walk);
  } while (!walk.damaged && walk.left != 0 && walk.next <= offset);
  if (walk.damaged) return false;
  set_frames(walk, frames);
  return true;
}

std::string_view LineIndex::function_name(std::uint32_t function, ksyms::Scratch& scratch) const {
  if (function >= functions()) return {};
  return names_->name_at(function, scratch).value_or(std::string_view());
}

std::string_view LineIndex::path_name(std::uint32_t path, ksyms::Scratch& scratch) const {
  return path_names_->name_at(path, scratch).value_or(std::string_view());
}

std::string_view LineIndex::section_name(std::uint32_t n, ksyms::Scratch& scratch) const {
  return names_->name_at(functions() + n, scratch).value_or(std::string_view());
}

std::optional<std::uint64_t> LineIndex::section_address(std::string_view name,
                                                        ksyms::Scratch& scratch) const {
  for (std::uint32_t n = 0; n < sections(); ++n)
    if (section_name(n, scratch) == name) return section(n).address;
  return std::nullopt;
}

}  // namespace ringside::lines
