// A frame is located first: which symbol of which object, at which offset. A name is looked up and,
// where several symbols bear it, told apart by its size; a mere address is looked up after the
// kernel's offset (KASLR) is taken off. Return addresses are looked up one byte before, for that is
// where the call ended; a faulting address, and one that is a symbol's first byte, as they are.
#include "user/oops/decode.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/oops/facts.hh"
#include "core/oops/verdict.hh"

namespace ringside::oops {
namespace {

// One report on its way.
struct Job {
  const Report& report;
  std::shared_ptr<const Kernel> kernel;
  Decoded decoded;

  void note(const std::string& text) {
    if (!text.empty() && std::ranges::find(decoded.notes, text) == decoded.notes.end())
      decoded.notes.push_back(text);
  }
};

// The offset that most frames with both an address and a known symbol imply.
void find_offset(Job& job) {
  const auto& report = job.report;
  std::map<std::uint64_t, int> votes;
  for (const auto& frame : report.frames()) {
    if (!job.kernel->has_symbols()) break;
    if (!frame.has_address || !frame.has_offset || !frame.module.empty() || frame.user) continue;
    auto symbols = job.kernel->symbols().named(std::string(frame.symbol));
    auto alike = choose(symbols, frame.size);
    if (alike.size() == 1) ++votes[frame.address - alike[0].start - frame.offset];
  }
  auto best = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
  auto& decoded = job.decoded;
  if (best != votes.end()) {
    decoded.has_offset = true;
    decoded.offset = best->first;
    decoded.offset_source = "symbols";
  }
  if (job.kernel->is_relocated()) return;
  if (!report.has_kernel_offset) return;
  if (decoded.has_offset && decoded.offset != report.kernel_offset)
    job.note(fmt::format("the report says Kernel Offset {:#x}, its frames say {:#x}",
                         report.kernel_offset, decoded.offset));
  decoded.has_offset = true;
  decoded.offset = report.kernel_offset;
  decoded.offset_source = "report";
}

// A stack may begin with the faulting instruction itself, which is no return address.
bool is_return(const Report& report, const Frame& frame) {
  if (frame.exact) return false;
  for (const auto& fault : report.frames())
    if (fault.role == Role::kFault && fault.has_offset == frame.has_offset &&
        fault.offset == frame.offset && fault.symbol == frame.symbol &&
        (fault.has_offset || fault.address == frame.address))
      return false;
  return true;
}

void add_lines(Job& job, const Spot& spot, Answer& answer) {
  auto lines = job.kernel->lines().find(spot);
  answer.lines = std::move(lines.chain);
  if (!answer.lines.empty()) return;
  answer.why = lines.why;
  job.note(lines.why);
}

std::string shown(const Frame& frame) {
  return frame.module.empty() ? std::string(frame.symbol)
                              : fmt::format("{} [{}]", frame.symbol, frame.module);
}

void fail(Job& job, Answer& answer, std::string why) {
  job.note(why);
  answer.why = std::move(why);
}

std::string no_symbols(const Job& job) {
  if (job.kernel->source().empty())
    return "the kernel is not on this machine: name its image or System.map by --kernel";
  return job.kernel->source() + ": has types alone: name an image or a System.map for symbols";
}

// The symbols of the module that ran; where that is another build than the file's, a Failure.
Outcome<const SymbolTable*> module_table(const Job& job, const Frame& frame) {
  std::string module(frame.module);
  const auto* table = TRY(job.kernel->module(module));
  auto build_id = frame.build_id.empty() ? std::string() : job.kernel->module_build_id(module);
  if (!build_id.empty() && build_id != frame.build_id)
    return Failure{
        fmt::format("module {}: its file has build-id {}, but the report's module has {}: "
                    "not used",
                    module, build_id, frame.build_id)};
  return table;
}

// Where the frame's symbol begins, as linked, where the frame tells.
std::optional<std::uint64_t> start_of(const Job& job, const Frame& frame) {
  if (!frame.has_address || !job.decoded.has_offset || !frame.module.empty()) return {};
  return frame.address - job.decoded.offset - frame.offset;
}

// Why none of `symbols` is the frame's.
std::string why_none(const Job& job, const Frame& frame, const std::vector<Symbol>& symbols) {
  auto file = frame.module.empty() ? job.kernel->source() : std::string(frame.module) + ".ko";
  if (symbols.empty()) return fmt::format("{}: no such symbol in {}", shown(frame), file);
  if (symbols.size() > 1)
    return fmt::format("{}: {} symbols of that name, none {:#x} bytes long", shown(frame),
                       symbols.size(), frame.size);
  return fmt::format("{}: is {:#x} bytes long in the report and {:#x} in {}: another {}",
                     shown(frame), frame.size, symbols.front().size, file,
                     frame.module.empty() ? "kernel" : "build of the module");
}

Lines lines_at(const Job& job, const Frame& frame, const Symbol& symbol) {
  return job.kernel->lines().find({std::string(frame.module), symbol.section,
                                   symbol.start + frame.offset, symbol.start,
                                   is_return(job.report, frame)});
}

// All symbols of the frame's name: the module's own, or those that kallsyms lists for it.
Outcome<std::vector<Symbol>> symbols_for(const Job& job, const Frame& frame) {
  std::string name(frame.symbol);
  bool has = job.kernel->has_symbols();
  if (frame.module.empty()) {
    if (!has) return Failure{no_symbols(job)};
    return job.kernel->symbols().named(name);
  }
  auto table = module_table(job, frame);
  if (table) return (*table)->named(name);
  auto listed = has ? job.kernel->symbols().named(name) : std::vector<Symbol>();
  std::erase_if(listed, [&](const Symbol& symbol) { return symbol.module != frame.module; });
  if (listed.empty()) return table.error();
  return listed;
}

// Several symbols of one name and size (a header's function, once in each file that includes it)
// have an answer where all have the same.
void locate_among(Job& job, const Frame& frame, const std::vector<Symbol>& symbols,
                  Answer& answer) {
  auto alike = choose(symbols, frame.size, start_of(job, frame));
  if (alike.empty()) return fail(job, answer, why_none(job, frame, symbols));
  if (frame.offset > frame.size)
    return fail(
        job, answer,
        fmt::format("{}: {:#x} is beyond its {:#x} bytes", shown(frame), frame.offset, frame.size));
  answer.resolved = true;
  for (const auto& symbol : alike) {
    auto found = lines_at(job, frame, symbol);
    if (&symbol == &alike.front()) {
      answer.lines = std::move(found.chain), answer.why = std::move(found.why);
    } else if (found.chain != answer.lines) {
      answer.lines.clear();
      answer.why = fmt::format("{}: {} symbols of that name are {:#x} bytes long: not told apart",
                               shown(frame), alike.size(), frame.size);
      break;
    }
  }
  if (answer.lines.empty()) job.note(answer.why);
}

// A frame with a name: "func+0x10/0x20 [module]".
void locate_named(Job& job, const Frame& frame, Answer& answer) {
  auto symbols = symbols_for(job, frame);
  if (!symbols) return fail(job, answer, symbols.error().message);
  return locate_among(job, frame, *symbols, answer);
}

// A frame that is an address only.
void locate_address(Job& job, const Frame& frame, Answer& answer) {
  if (!job.kernel->has_symbols()) return fail(job, answer, no_symbols(job));
  auto address = frame.address - job.decoded.offset;
  auto symbol = job.kernel->symbols().at(address - (is_return(job.report, frame) ? 1 : 0));
  if (!symbol)
    return fail(job, answer,
                job.decoded.has_offset || job.report.modules().empty()
                    ? fmt::format("{:#x}: not in the kernel (a module's, whose "
                                  "addresses the report does not tell?)",
                                  frame.address)
                    : fmt::format("{:#x}: not in the kernel as linked; the report "
                                  "does not tell its offset (KASLR)",
                                  frame.address));
  if (!job.decoded.has_offset && !job.kernel->is_relocated())
    job.note("addresses are taken as linked: the report does not tell the kernel's offset (KASLR)");
  answer.resolved = answer.added = true;
  answer.symbol = symbol->name;
  answer.module = symbol->module;
  answer.offset = address - symbol->start;
  answer.size = symbol->size;
  add_lines(job, {{}, {}, address, symbol->start, is_return(job.report, frame)}, answer);
}

Answer answer_for(Job& job, const Frame& frame) {
  Answer answer;
  answer.demangled = demangle(frame.symbol);
  if (frame.user || frame.inlined || frame.role == Role::kCopy) return answer;
  if (!job.kernel) return answer;
  if (frame.has_offset) {
    locate_named(job, frame, answer);
  } else if (frame.has_address && frame.symbol.empty() && frame.role != Role::kCallee) {
    locate_address(job, frame, answer);
    if (answer.added) answer.demangled = demangle(answer.symbol);
  }
  return answer;
}

// Frames that were mere addresses have got names.
void add_culprit(Job& job) {
  std::vector<std::string_view> names;
  for (const auto& answer : job.decoded.answers) names.push_back(answer.symbol);
  job.decoded.fingerprint = fingerprint_of(job.report, names);
  const auto* culprit = job.decoded.culprit = culprit_of(job.report, names);
  if (!culprit || !job.kernel) return;
  const auto& answer = job.decoded.answers[culprit - job.report.frames().data()];
  auto name = culprit->symbol.empty() ? std::string_view(answer.symbol) : culprit->symbol;
  if (answer.lines.empty() && !name.empty())
    job.decoded.prototype = job.kernel->prototype(name, std::string(culprit->module));
}

bool differ(std::string_view one, std::string_view other) {
  return !one.empty() && !other.empty() && one != other;
}

std::string shown(const Build& build) {
  return fmt::format("{}{}{}", build.number, build.package.empty() ? "" : " ", build.package);
}

// Why `found` is another build than the report's kernel; empty where it is not, or nothing tells.
std::string other_build(const Report& report, const Kernel& found) {
  if (differ(report.build_id, found.build_id()))
    return fmt::format("{}: build-id {}, but the report's kernel has {}: not used", found.source(),
                       found.build_id(), report.build_id);
  bool sure = !report.build_id.empty() && !found.build_id().empty();
  if (sure || report.release != found.release()) return {};
  auto build = read_build(found.version());
  if (!differ(report.build.number, build.number) && !differ(report.build.package, build.package))
    return {};
  return fmt::format("{}: {} {}, but the report's kernel is {}: not used", found.source(),
                     found.release(), shown(build), shown(report.build));
}

void open_kernel(Job& job, Kernels& kernels) {
  auto kernel = kernels.of(std::string(job.report.release));
  if (!kernel) return job.note(kernel.error().message);
  const auto& found = **kernel;
  const auto& report = job.report;
  if (auto other = other_build(report, found); !other.empty()) return job.note(other);
  if (differ(found.release(), report.release))
    job.note(fmt::format("{} is {}, but the report's kernel is {}", found.source(), found.release(),
                         report.release));
  job.kernel = *kernel;
  job.decoded.kernel = found.source();
  job.decoded.kernel_build_id = found.build_id();
}

}  // namespace

Decoded Decoder::decode(const Report& report) {
  Job job{report, nullptr, {}};
  open_kernel(job, kernels_);
  if (job.kernel) find_offset(job);
  for (const auto& frame : report.frames()) job.decoded.answers.push_back(answer_for(job, frame));
  add_culprit(job);
  job.decoded.code = disassemble(report);
  if (report.code_pieces > 0 && !load_disassembler())
    job.note("code is not disassembled: libcapstone.so.4 is not here (install libcapstone4)");
  return std::move(job.decoded);
}

}  // namespace ringside::oops
