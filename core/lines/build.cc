// Building an index: merge the units; number functions and paths in the order of addresses, the
// outermost functions first, so that one mostly follows the last; code the segments three times, to
// count the numbers of each kind, to collect them (and make codes of them), and to write them; and
// lay everything out behind the header.
#include "core/lines/build.hh"

#include <bit>

#include "core/ksyms/bit_writer.hh"
#include "core/ksyms/build.hh"
#include "core/lines/coder.hh"
#include "core/lines/codes.hh"
#include "core/lines/merge.hh"

namespace ringside::lines {
namespace {

using dwarf::kNone;
using ksyms::BitWriter;

// An index on its way.
struct Draft {
  Merged merged;
  Numbering numbering;
  std::uint64_t segments = 0, start = 0, size = 0;
  MadeCode codes[kCodes];
  Bytes names, paths, functions, stream;
  std::span<std::uint32_t> bases, positions;
  Header header;
};

struct CountingSink {
  std::uint64_t counts[kCodes] = {}, bits = 0;

  Status block(std::uint64_t) { return ok; }
  void value(CodeKind kind, std::uint32_t) { ++counts[kind]; }
  void raw(std::uint64_t, std::uint32_t width) { bits += width; }
};

struct CollectingSink {
  std::span<std::uint32_t> texts[kCodes];
  std::uint64_t counts[kCodes] = {};

  Status block(std::uint64_t) { return ok; }
  void value(CodeKind kind, std::uint32_t number) { texts[kind][counts[kind]++] = number; }
  void raw(std::uint64_t, std::uint32_t) {}
};

struct WritingSink {
  Draft& draft;
  BitWriter bits;
  std::size_t blocks = 0;

  Status block(std::uint64_t address) {
    if (bits.size() > 0xffff'ffff)
      return Error{"index too large", "stream", blocks, 0xffff'ffff, bits.size()};
    draft.bases[blocks] = static_cast<std::uint32_t>(address - draft.start);
    draft.positions[blocks++] = static_cast<std::uint32_t>(bits.size());
    return ok;
  }
  void value(CodeKind kind, std::uint32_t number) {
    bool escaped = false;
    const auto& made = draft.codes[kind];
    auto code = made.number_of(number, escaped);
    ksyms::write_code(made.code.code, code, bits);
    if (escaped) bits.put(number, kRawBits);
  }
  void raw(std::uint64_t number, std::uint32_t width) { bits.put(number, width); }
};

// Numbers functions and paths as they come up, and notes where each function begins.
class Numberer {
 public:
  explicit Numberer(Draft& draft) : draft_(draft) {}

  void number_outer(const MergedSegment& segment) {
    if (segment.depth != 0) number(segment.frames[0].function);
  }
  void number_rest(const MergedSegment& segment) {
    auto& numbering = draft_.numbering;
    for (std::uint32_t i = 0; i < segment.depth; ++i) {
      auto frame = segment.frames[i];
      if (frame.path != kNone && numbering.paths[frame.path] == kNone)
        numbering.paths[frame.path] = numbering.path_count++;
      if (frame.function == kNone) continue;
      number(frame.function);
      auto& function = numbering.functions[frame.function];
      if (function.begin.function == kNone) function.begin = frame;
    }
  }

 private:
  void number(std::uint32_t function) {
    if (function == kNone) return;
    auto& numbering = draft_.numbering;
    auto& numbered = numbering.functions[function];
    if (numbered.number == kNone) numbered.number = numbering.function_count++;
  }

  Draft& draft_;
};

[[gnu::noinline]] Status number_all(Draft& draft, Arena& arena) {
  auto& numbering = draft.numbering;
  numbering.functions = TRY(arena.take<NumberedFunction>(draft.merged.functions().size()));
  for (auto& function : numbering.functions) function = {};
  numbering.paths = TRY(arena.take<std::uint32_t>(draft.merged.paths().size()));
  for (auto& path : numbering.paths) path = kNone;
  Numberer numberer(draft);
  std::uint64_t last = 0;
  TRY(draft.merged.for_each([&](const MergedSegment& segment) -> Status {
    if (draft.segments++ == 0) draft.start = segment.address;
    last = segment.address;
    numberer.number_outer(segment);
    return ok;
  }));
  if (draft.segments > 0) draft.size = last - draft.start + 1;
  if (draft.size > 0xffff'ffff)
    return Error{"code spread too far", "segments", draft.start, 0xffff'ffff, draft.size};
  TRY(draft.merged.for_each([&](const MergedSegment& segment) -> Status {
    numberer.number_rest(segment);
    return ok;
  }));
  // From here on a path is meant by its number in the index.
  for (auto& function : numbering.functions)
    function.begin.path = numbering.path(function.begin.path);
  return ok;
}

template <class Sink>
Status code_segments(const Draft& draft, Sink& sink, Arena& arena) {
  auto stack = TRY(arena.take<typename Coder<Sink>::Level>(kMaxFrames));
  Coder<Sink> coder(draft.numbering, draft.header, stack, sink);
  return draft.merged.for_each([&](const MergedSegment& segment) { return coder.add(segment); });
}

[[gnu::noinline]] void set_widths(Draft& draft) {
  std::uint32_t line = 0;
  for (const auto& function : draft.numbering.functions)
    if (function.number != kNone && function.begin.line > line) line = function.begin.line;
  auto width = [](std::uint32_t most) { return static_cast<std::uint8_t>(std::bit_width(most)); };
  draft.header.path_bits = width(draft.numbering.path_count);
  draft.header.function_bits = width(draft.numbering.function_count);
  draft.header.line_bits = width(line);
}

// Not inlined, like some below: their frames would lie under the calls behind them.
[[gnu::noinline]] Status count(const Draft& draft, CountingSink& counted, Arena& arena) {
  return code_segments(draft, counted, arena);
}

[[gnu::noinline]] Status collect(const Draft& draft, const CountingSink& counted,
                                 CollectingSink& collected, Arena& arena) {
  for (std::uint32_t kind = 0; kind < kCodes; ++kind)
    collected.texts[kind] = TRY(arena.take<std::uint32_t>(counted.counts[kind]));
  return code_segments(draft, collected, arena);
}

[[gnu::noinline]] Status make_codes(Draft& draft, const CollectingSink& collected, Arena& arena) {
  for (std::uint32_t kind = 0; kind < kCodes; ++kind)
    TRY(make_code(collected.texts[kind], draft.codes[kind], arena));
  return ok;
}

[[gnu::noinline]] Status write_stream(Draft& draft, const CountingSink& counted, Arena& arena) {
  std::uint64_t most = counted.bits;
  for (auto count : counted.counts)
    most += count * (ksyms::kClassBits + ksyms::kMaxWidth + kRawBits);
  auto memory = TRY(arena.take<std::byte>(most / 8 + 1 + kStreamPadding));
  auto blocks = (draft.segments + kMaxBlock - 1) / kMaxBlock;
  draft.bases = TRY(arena.take<std::uint32_t>(blocks));
  draft.positions = TRY(arena.take<std::uint32_t>(blocks + 1));
  WritingSink sink{draft, BitWriter(memory)};
  TRY(code_segments(draft, sink, arena));
  if (sink.bits.size() > 0xffff'ffff)
    return Error{"index too large", "stream", blocks, 0xffff'ffff, sink.bits.size()};
  draft.positions[blocks] = static_cast<std::uint32_t>(sink.bits.size());
  draft.stream = memory.first((sink.bits.size() + 7) / 8 + kStreamPadding);
  return ok;
}

std::string_view short_name(std::string_view name) {
  return {name.data(), name.size() < ksyms::kMaxName ? name.size() : ksyms::kMaxName};
}

// Functions by their numbers, then the sections.
[[gnu::noinline]] Result<std::span<const ksyms::Symbol>> names_of(
    const Draft& draft, std::span<const NamedSection> sections, Arena& arena) {
  auto functions = draft.numbering.function_count;
  auto symbols = TRY(arena.take<ksyms::Symbol>(functions + sections.size()));
  for (std::size_t i = 0; i < draft.merged.functions().size(); ++i) {
    auto number = draft.numbering.functions[i].number;
    if (number != kNone)
      symbols[number] = {number, 'f', short_name(draft.merged.functions()[i].name)};
  }
  for (std::size_t i = 0; i < sections.size(); ++i)
    symbols[functions + i] = {functions + i, 's', short_name(sections[i].name)};
  return std::span<const ksyms::Symbol>(symbols);
}

[[gnu::noinline]] Status build_names(Draft& draft, std::span<const NamedSection> sections,
                                     Arena& arena) {
  auto symbols = TRY(names_of(draft, sections, arena));
  auto built = ksyms::build(symbols, {}, arena);
  if (!built) return built.error();
  draft.names = *built;
  return ok;
}

[[gnu::noinline]] Result<std::span<const ksyms::Symbol>> paths_of(const Draft& draft,
                                                                  Arena& arena) {
  auto symbols = TRY(arena.take<ksyms::Symbol>(draft.numbering.path_count));
  for (std::size_t i = 0; i < draft.merged.paths().size(); ++i) {
    auto number = draft.numbering.paths[i];
    if (number != kNone) symbols[number] = {number, 'p', short_name(draft.merged.paths()[i])};
  }
  return std::span<const ksyms::Symbol>(symbols);
}

[[gnu::noinline]] Status build_paths(Draft& draft, Arena& arena) {
  auto symbols = TRY(paths_of(draft, arena));
  auto built = ksyms::build(symbols, {}, arena);
  if (!built) return built.error();
  draft.paths = *built;
  return ok;
}

Result<Bytes> write_functions(const Draft& draft, Arena& arena) {
  auto memory = TRY(arena.take<std::byte>(function_bytes(draft.header)));
  BitWriter bits(memory);
  auto begins = TRY(arena.take<MergedFrame>(draft.numbering.function_count));
  for (const auto& function : draft.numbering.functions)
    if (function.number != kNone) begins[function.number] = function.begin;
  for (const auto& begin : begins) {
    bits.put(begin.path, draft.header.path_bits);
    bits.put(begin.line, draft.header.line_bits);
  }
  return Bytes(memory);
}

// All but what set_widths() has set.
[[gnu::noinline]] void set_header(Draft& draft, std::size_t sections, Bytes build_id) {
  auto& header = draft.header;
  header.magic = kMagic;
  header.version = kVersion;
  header.build_id_size = static_cast<std::uint32_t>(build_id.size());
  if (!build_id.empty()) std::memcpy(header.build_id, build_id.data(), build_id.size());
  header.start = draft.start;
  header.size = draft.size;
  header.names_size = draft.names.size();
  header.paths_size = draft.paths.size();
  header.segments = static_cast<std::uint32_t>(draft.segments);
  header.block_size = kMaxBlock;
  header.functions = draft.numbering.function_count;
  header.paths = draft.numbering.path_count;
  header.sections = static_cast<std::uint32_t>(sections);
  header.stream_size = static_cast<std::uint32_t>(draft.stream.size());
  for (std::uint32_t kind = 0; kind < kCodes; ++kind) {
    const auto& made = draft.codes[kind];
    header.codes[kind] = {made.code.code, header.values,
                          static_cast<std::uint16_t>(made.code.order.size()),
                          static_cast<std::uint16_t>(made.escape())};
    header.values += static_cast<std::uint32_t>(made.code.order.size());
  }
  header.total_size = layout_of(header).total;
}

template <class T>
void put(std::span<std::byte> index, std::uint64_t at, std::span<const T> part) {
  if (!part.empty()) std::memcpy(index.data() + at, part.data(), part.size_bytes());
}

void put_values(std::span<std::byte> index, std::uint64_t at, const MadeCode& made) {
  for (auto symbol : made.code.order) {
    if (symbol < made.values.size()) put(index, at, made.values.subspan(symbol, 1));
    at += 4;
  }
}

[[gnu::noinline]] Result<Bytes> lay_out(const Draft& draft, std::span<const NamedSection> sections,
                                        Arena& arena) {
  auto words = TRY(arena.take<std::uint64_t>(draft.header.total_size / 8));
  auto index = std::as_writable_bytes(words);
  auto at = layout_of(draft.header);
  put(index, 0, std::span(&draft.header, 1));
  put(index, at.names, draft.names);
  put(index, at.paths, draft.paths);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    Section section{sections[i].address, sections[i].size};
    put(index, at.sections + i * sizeof(section), std::span<const Section>(&section, 1));
  }
  for (std::uint32_t kind = 0; kind < kCodes; ++kind)
    put_values(index, at.values + 4 * draft.header.codes[kind].first_value, draft.codes[kind]);
  put(index, at.bases, std::span<const std::uint32_t>(draft.bases));
  put(index, at.positions, std::span<const std::uint32_t>(draft.positions));
  put(index, at.functions, draft.functions);
  put(index, at.stream, draft.stream);
  return Bytes(index);
}

[[gnu::noinline]] Status check(std::span<const NamedSection> sections, Bytes build_id) {
  if (build_id.size() > kMaxBuildId)
    return Error{"build-id too long", "build-id", 0, kMaxBuildId, build_id.size()};
  if (sections.size() > kMaxSections)
    return Error{"too many sections", "sections", 0, kMaxSections, sections.size()};
  return ok;
}

[[gnu::noinline]] Status make_functions(Draft& draft, Arena& arena) {
  draft.header.functions = draft.numbering.function_count;
  draft.functions = TRY(write_functions(draft, arena));
  return ok;
}

[[gnu::noinline]] Status make_stream(Draft& draft, Arena& arena) {
  auto& counted = TRY(arena.take<CountingSink>(1)).front();
  auto& collected = TRY(arena.take<CollectingSink>(1)).front();
  TRY(count(draft, counted, arena));
  TRY(collect(draft, counted, collected, arena));
  TRY(make_codes(draft, collected, arena));
  return write_stream(draft, counted, arena);
}

}  // namespace

Result<Bytes> build_index(std::span<const dwarf::Code> codes,
                          std::span<const NamedSection> sections, Bytes build_id, Arena& arena) {
  TRY(check(sections, build_id));
  auto& draft = TRY(arena.take<Draft>(1)).front();
  TRY(draft.merged.make(codes, arena));
  TRY(number_all(draft, arena));
  set_widths(draft);
  TRY(make_stream(draft, arena));
  TRY(build_names(draft, sections, arena));
  TRY(build_paths(draft, arena));
  TRY(make_functions(draft, arena));
  set_header(draft, sections.size(), build_id);
  return lay_out(draft, sections, arena);
}

}  // namespace ringside::lines
