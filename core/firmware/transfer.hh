// Transfer: the answer to one request, from its name to its end, on either side of the line. It
// says what to do next; whoever does it tells what came of that.
//
//   kOpen    look for candidate()                opened()
//   kBegin   make room: write 1 to `loading`     begun()
//   kCopy    hand over the next bytes            copied(), and ended() behind the last ones
//   kCommit  give them: write 0 to `loading`     committed()
//   kAbort   give none: write -1 to `loading`    aborted()
//   kEnd     nothing: there is a verdict
//
// fail() and expire() lead to kAbort from everywhere before kEnd, gone() to kEnd. What is told out
// of turn changes nothing: a thread may come late with what another one has ended.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/firmware/name.hh"

namespace ringside::firmware {

// Kernels count firmware in an int and round it up to pages; beyond that 6.1's and 6.12's
// arithmetic goes wrong, in ring 0.
inline constexpr std::uint64_t kSizeMax = 0x7fff'f000;

using Digest = std::array<std::byte, 32>;  // SHA-256

enum class Step : std::uint8_t { kOpen, kBegin, kCopy, kCommit, kAbort, kEnd };

enum class Verdict : std::uint8_t {
  kPending,
  kLoaded,
  kNotFound,  // no folder has it
  kRefused,   // by a rule: the name's, the folder's, the manifest's, the size's
  kFailed,    // it could not be read, unpacked or handed over
  kLate,      // the time was over
  kGone,      // nobody waits for it any more
};
// "loaded", "not-found" ...: what a log calls it.
std::string_view name_of(Verdict verdict);

enum class Found : std::uint8_t {
  kFile,
  kNothing,
  kOutside,    // a link in it leads out of the folder
  kNotRegular  // it is no regular file
};

struct Order {
  std::string_view name;
  unsigned folders = 0;            // how many are searched
  unsigned forms = kForms;         // of the forms, the first so many
  bool listed_only = false;        // there is a manifest
  const Digest* listed = nullptr;  // what it says of the name; copied
};

class Transfer {
 public:
  // The name need not have been checked: a bad one is refused.
  explicit Transfer(const Order& order);

  Step step() const { return step_; }
  Candidate candidate() const { return firmware::candidate(number_, forms_); }

  void opened(Found found);
  void begun();
  void copied(std::uint64_t bytes);
  // `digest`: of all bytes that were handed over; asked for where wants_digest().
  void ended(const Digest* digest);
  void committed();
  void aborted();

  void fail(const char* why) { stop(Verdict::kFailed, why); }
  void expire() { stop(Verdict::kLate, "time limit"); }
  void gone();

  bool wants_digest() const { return listed_only_; }
  std::uint64_t bytes() const { return bytes_; }
  Verdict verdict() const { return verdict_; }
  const char* why() const { return why_; }  // a literal; "" where the verdict says it all

 private:
  void stop(Verdict verdict, const char* why);

  const char* why_ = "";
  std::uint64_t bytes_ = 0;
  unsigned number_ = 0, count_ = 0, forms_ = 0;
  Step step_ = Step::kOpen;
  Verdict verdict_ = Verdict::kPending;
  bool listed_only_ = false;
  Digest listed_{};
};

}  // namespace ringside::firmware
