// Facts of a report: whose CPU and process, which kernel, which modules and registers.
#include "core/oops/facts.hh"

#include "core/oops/text.hh"

namespace ringside::oops {
namespace {

// Moves `at` behind the next `key`; false, and not moved, where it is not there.
bool seek(Cursor& at, std::string_view key) {
  auto found = find(at.rest(), key);
  if (found == kNowhere) return false;
  at.skip(found + key.size());
  return true;
}

bool is_release(std::string_view word) {
  if (same(word, "syzkaller")) return true;
  return !word.empty() && is_digit(word[0]) && has(word, ".");
}

// The letters behind "Tainted: ", in columns that may be blank, up to the release. Before 2.6.2x
// there was no release on the line.
void read_taint(Cursor& at, Report& report) {
  at.spaces();
  auto start = at.at(), end = at.at();
  while (!at.at_end()) {
    auto before = at.at();
    auto word = at.word();
    bool letters = word.size() <= 20;
    for (char c : word) letters &= is_upper(c) || c == '-';
    if (!letters) {
      at.move_to(before);
      break;
    }
    end = at.at();
    at.spaces();
  }
  auto here = at.at();
  at.move_to(end);
  report.taint = trimmed(at.since(start));
  report.tainted = !report.taint.empty();
  at.move_to(here);
}

bool read_release(Cursor& at, Report& report) {
  at.spaces();
  auto word = at.word();
  if (!is_release(word)) return false;
  report.release = word;
  report.build = read_build(at.rest());
  while (!at.at_end()) {  // CONFIG_STACKTRACE_BUILD_ID: the line ends in the kernel's build-id
    at.spaces();
    auto last = at.word();
    std::uint64_t ignored = 0;
    Cursor digits(last);
    if (digits.hex(ignored) >= 32 && digits.at_end()) report.build_id = last;
  }
  return true;
}

// "RAX", "x29", "$12", "a0"; a stack's "1f40:" and a task's "pid:" are none.
bool names_register(std::string_view name, const Report& report) {
  Cursor digits(name);
  std::uint64_t ignored = 0;
  if (digits.hex(ignored) > 3 && digits.at_end()) return false;
  if (name.empty() || same(name, "pid") || same(name, "ppid")) return false;
  for (const auto& known : report.registers())
    if (same(known.name, name)) return false;
  return true;
}

std::string_view read_comm(Cursor& at) {
  auto rest = at.rest();
  auto end = rest.size();
  for (std::string_view stop : {" Not tainted", " Tainted: ", " Kdump: loaded"})
    if (auto found = find(rest, stop); found < end) end = found;
  at.skip(end);
  return trimmed(cut(rest, 0, end));
}

}  // namespace

bool read_release(std::string_view text, Report& report) {
  Cursor at(text);
  return read_release(at, report);
}

namespace {

bool is_version(char c) {
  return is_name(c) || c == '#' || c == '-' || c == '+' || c == '~' || c == ':';
}

std::string_view read_version(Cursor& at, std::size_t from) {
  while (is_version(at.peek())) at.skip();
  return at.since(from);
}

}  // namespace

Build read_build(std::string_view text) {
  constexpr std::string_view kPackage = " Debian ";
  Build build;
  Cursor at(text);
  at.spaces();
  if (at.peek() == '#' && is_digit(at.peek(1))) build.number = read_version(at, at.at());
  if (!seek(at, kPackage) || !is_digit(at.peek())) return build;
  build.package = read_version(at, at.at() - kPackage.size() + 1);
  return build;
}

bool read_cpu(std::string_view text, Report& report) {
  Cursor at(text);
  std::int64_t number = 0;
  if (at.eat("CPU: ") && at.decimal(number) > 0) report.cpu = number;
  if ((seek(at, "PID: ") || at.eat("Pid: ")) && at.decimal(number) > 0) report.pid = number;
  if (seek(at, "Comm: ") || seek(at, "comm: ")) report.comm = read_comm(at);
  auto state = at;
  bool clean = seek(state, "Not tainted");
  if (!clean && !seek(state, "Tainted: ")) return false;
  report.taint_told = true;
  if (clean) return read_release(state, report);
  read_taint(state, report);
  return read_release(state, report);
}

namespace {

// "NAME:812" or "NAME/812", with ':' and '/' in the name, too.
void read_name_and_pid(std::string_view text, char between, Report& report) {
  auto at = text.size();
  while (at > 0 && text[at - 1] != between) --at;
  std::int64_t pid = 0;
  Cursor digits(cut(text, at));
  if (at < 2 || digits.decimal(pid) == 0 || !digits.at_end()) return;
  if (report.comm.empty()) report.comm = cut(text, 0, at - 1);
  if (report.pid < 0) report.pid = pid;
}

}  // namespace

void read_task(std::string_view headline, Report& report) {
  Cursor at(headline);
  std::int64_t cpu = 0;
  if (at.eat("INFO: task ")) {
    auto end = find(headline, " is blocked ");
    if (end == kNowhere) end = find(headline, " blocked ");
    return read_name_and_pid(cut(headline, at.at(), end), ':', report);
  }
  if (!seek(at, "CPU#") || at.decimal(cpu) == 0) return;
  if (report.cpu < 0) report.cpu = cpu;
  if (at.eat(": ")) return read_name_and_pid(trimmed(at.rest()), '/', report);
  if (!seek(at, "[")) return;
  auto rest = at.rest();
  read_name_and_pid(cut(rest, 0, find(rest, "]")), ':', report);
}

bool read_modules(std::string_view text, Report& report) {
  Cursor at(text);
  bool any = false;
  for (at.spaces(); !at.at_end(); at.spaces()) {
    if (at.eat("[last unloaded:")) return true;
    Module module;
    module.name = at.name();
    if (auto more = at.at(); at.peek() == '-') at.move_to(more);
    if (at.eat('(')) {
      auto flags = at.at();
      while (!at.at_end() && at.peek() != ')' && at.peek() != ' ') at.skip();
      module.flags = at.since(flags);
      if (!at.eat(')')) return any;
    }
    if (module.name.empty() || (at.peek() != ' ' && !at.at_end())) return any;
    auto behind = at.at();
    at.spaces();
    (void)at.eat('[');
    if (begins(at.rest(), "0x") || (hex_value(at.peek()) >= 8 && hex_value(at.peek(15)) >= 0)) {
      (void)at.eat("0x");
      module.has_address = at.hex(module.address) >= 8 && !is_name(at.peek());
      (void)at.eat(']');
    }
    if (!module.has_address) at.move_to(behind);
    any = true;
    if (report.module_count == report.module_room.size()) {
      ++report.dropped;
    } else {
      report.module_room[report.module_count++] = module;
    }
  }
  return any;
}

void read_registers(std::string_view text, Report& report) {
  Cursor at(text);
  Register* last = nullptr;
  std::string_view before;
  for (at.spaces(); !at.at_end(); at.spaces()) {
    auto start = at.at();
    auto word = at.word();
    if (same(word, ":") || same(word, "=")) continue;
    Cursor digits(word);
    std::uint64_t value = 0;
    bool is_value = digits.hex(value) >= 4;
    if (is_value && digits.eat(':')) is_value = digits.hex(value) >= 8;  // a segment before it
    is_value = is_value && digits.at_end();
    if (is_value && last != nullptr && same(before, "=")) {  // one more word behind the same name
      last->value = {last->value.data(),
                     static_cast<std::size_t>(text.data() + at.at() - last->value.data())};
      continue;
    }
    if (is_value && !before.empty()) {
      auto name = before;
      while (!name.empty() && (name.back() == ':' || name.back() == '=')) name.remove_suffix(1);
      before = {};
      if (!names_register(name, report)) continue;
      if (report.register_count == report.register_room.size()) {
        ++report.dropped;
        return;
      }
      last = &report.register_room[report.register_count++];
      *last = {name, cut(text, start, at.at())};
      before = "=";
      continue;
    }
    before = word;
  }
}

std::string_view source_in(std::string_view headline) {
  Cursor at(headline);
  for (at.spaces(); !at.at_end(); at.spaces()) {
    auto word = at.word();
    auto colon = find(word, ":");
    if (colon == kNowhere || colon == 0 || !has(cut(word, 0, colon), ".")) continue;
    Cursor digits(cut(word, colon + 1));
    if (digits.digits() > 0) return cut(word, 0, colon + 1 + digits.at());
  }
  return {};
}

std::string_view taint_meaning(char letter) {
  switch (letter) {  // Documentation/admin-guide/tainted-kernels.rst
    case 'P':
      return "proprietary module was loaded";
    case 'F':
      return "module was force loaded";
    case 'S':
      return "kernel running on an out of specification system";
    case 'R':
      return "module was force unloaded";
    case 'M':
      return "processor reported a machine check exception";
    case 'B':
      return "bad page referenced or some unexpected page flags";
    case 'U':
      return "taint requested by userspace application";
    case 'D':
      return "kernel died recently, i.e. there was an oops or BUG";
    case 'A':
      return "an ACPI table was overridden by user";
    case 'W':
      return "kernel issued warning";
    case 'C':
      return "staging driver was loaded";
    case 'I':
      return "workaround for bug in platform firmware applied";
    case 'O':
      return "externally-built module was loaded";
    case 'E':
      return "unsigned module was loaded";
    case 'L':
      return "soft lockup occurred";
    case 'K':
      return "kernel has been live patched";
    case 'X':
      return "auxiliary taint, defined for and used by distros";
    case 'T':
      return "the kernel was built with the struct randomization plugin";
    case 'N':
      return "an in-kernel test has been run";
    case 'J':
      return "userspace used a mutating debug operation in fwctl";
    default:
      return {};
  }
}

}  // namespace ringside::oops
