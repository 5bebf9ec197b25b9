// Reader: finds reports in a stream of lines. Lines go in one by one; each is told to which report
// it belongs, if to any, and reports come out when their end is seen. Several may be open at once:
// where the kernel says who prints ("[T12]", "[C3]"), each printer has its own.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/arena.hh"
#include "core/oops/prefix.hh"
#include "core/oops/report.hh"

namespace ringside::oops {

// Bounds; what does not fit is counted in Report::dropped, a longer report is cut in two.
constexpr std::uint32_t kOpenReports = 16;
constexpr std::uint32_t kReportFrames = 1024;
constexpr std::uint32_t kReportModules = 1024;
constexpr std::uint32_t kReportRegisters = 128;
constexpr std::uint32_t kReportLines = 4096;
constexpr std::uint32_t kStrangeLines = 24;   // in a row, after which a report has ended,
constexpr std::uint32_t kStrangeBefore = 64;  // and as long as no stack was seen
constexpr std::uint32_t kGuests = 4;          // printers asked for; one prints at a time
constexpr std::uint32_t kStrangeGuest = 4;    // in a row, after which such a one has done
constexpr std::uint32_t kSilentLines = 512;   // of others, after which a report has ended
constexpr std::size_t kLineBytes = 8192;      // of a line; more of it is not looked at

// To which report a line belongs (0: none), perhaps: where a later line of the same report
// follows, this one stood inside of it; where none does (line > Report::last_line), it did not.
struct Membership {
  std::uint32_t report = 0;
};

class Reader {
 public:
  // Takes its memory, about 3.5 MiB, from `arena`.
  static Result<Reader> open(Arena& arena);

  // One line, without its newline. It must not move or change until every report that it belongs
  // to has been collected. Linear in the line's length.
  Membership feed(std::string_view line);

  // The input's end: closes what is open. Another input may follow.
  void finish();

  // The input has fallen silent: closes what is open, or only those whose end mark was seen.
  void settle(bool ended_only);

  // Closes report `id`, if it is open, as one that is too long.
  void cut_short(std::uint32_t id);

  // The next closed report, or nullptr; valid until the next feed(). To be called until it gives
  // nullptr after each feed() and after finish(). A report without evidence (a headline in
  // ordinary prose, say) comes out with `rejected` set: its lines belong to no report.
  const Report* closed(bool& rejected);

  std::uint64_t lines() const { return lines_; }
  // The smallest number of an open report's first line, or lines() where none is open: the lines
  // before it will not be asked for any more.
  std::uint64_t oldest() const;

 private:
  enum class State : std::uint8_t { kFree, kOpen, kEnding, kClosed };

  // Another printer, whose backtrace a report has asked for.
  struct Guest {
    Caller caller;
    std::uint32_t strange = 0;  // lines in a row that no report has
  };

  struct Slot {
    State state = State::kFree;
    bool rejected = false;
    bool evidence = false;  // more than a headline
    bool headed = false;    // a headline was seen
    bool stamped = false;   // a frame came with the kernel's time
    bool in_trace = false;
    bool cpu_open = false;      // the CPU line lacks its release: the next line may have it
    bool modules_open = false;  // the list of modules may go on
    bool code_open = false;
    bool code_dump = false;       // sparc's: a word a line
    bool user_registers = false;  // of user space: their code and values are not the kernel's
    Caller caller;
    std::string_view asked;  // CPUs that have been sent an NMI: "0,2-3"
    std::array<Guest, kGuests> guests;
    std::uint32_t guest_count = 0;  // that there ever were
    std::uint64_t headline = 0;     // the number of its last headline's line
    std::uint32_t strange = 0;      // lines in a row that no report has
    int arch_weight = 0;
    Report report;
  };

  Slot* find_open(const Prefix& prefix);
  Slot* find_host(const Prefix& prefix);
  void admit_guest(const Prefix& prefix, std::int64_t cpu);
  static Guest* guest_of(Slot& slot, const Caller& caller);
  bool is_guests_own(Slot& slot, const Prefix& prefix);
  Slot* leave(Slot& slot, const Prefix& prefix);
  Slot* take_slot(const Prefix& prefix);
  void close(Slot& slot);
  void close_silent();
  bool begins_report(const Line& line) const;
  bool continues(const Slot& slot, const Line& line) const;
  bool is_continuation(Slot& slot, const Prefix& prefix);
  bool is_module_rest(Slot& slot, std::string_view text);
  void add(Slot& slot, const Prefix& prefix);
  void add_headline(Slot& slot);
  void add_frames(Slot& slot);
  void add_trace(Report& report, std::string_view label, TraceKind kind);
  void add_fact(Slot& slot, const Prefix& prefix);
  bool ends(Slot& slot);

  void settle_arch(Slot& slot);

  std::span<Slot> slots_;
  std::span<Line> scratch_;
  Arch arch_ = Arch::kUnknown;  // that reports of this input have told
  Slot* last_ = nullptr;        // the one that the line before belonged to
  std::uint64_t lines_ = 0;
  std::uint32_t reports_ = 0;
};

}  // namespace ringside::oops
