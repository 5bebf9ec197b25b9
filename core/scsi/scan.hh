// Scan: many targets of one host, many commands at once. Whoever drives it sends what next() gives,
// in any number of hands, and tells replied() what came of each, in any order, one at a time:
//
//   while (!scan.is_over()) {
//     while (auto command = scan.next()) send(*command);
//     auto [slot, reply] = wait_for_one();
//     if (auto found = scan.replied(slot, reply)) ...
//   }
//
// It ends: every command is repeated a few times at most, and every list has a bound.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/arena.hh"
#include "core/scsi/command.hh"
#include "core/scsi/target.hh"

namespace ringside::scsi {

struct Found {
  Address address;
  Verdict verdict = Verdict::kSilent;
  Delivery delivery = Delivery::kAnswered;  // of kSilent: why
  Flags flags = 0;
  bool is_listed = false;  // by its target
  Bytes inquiry;           // 36 bytes at least unless it is silent; valid until next() is called
};

struct Order {
  std::span<const Goal> goals;    // kept; what is asked for twice is found twice
  std::span<const Quirk> quirks;  // kept
  Rules rules;
  std::uint32_t slots = 64;  // commands that may be out, 1 or more
};

class Scan {
 public:
  // Memory for the state, and for lists of 8 bytes a LUN, is taken from the arena, which must
  // outlive the scan.
  static Result<Scan> create(const Order& order, Arena& arena);

  // What is to be sent now; nothing where replies are to be waited for.
  std::optional<Command> next();
  // The reply to a command that next() gave; a slot that nothing was sent for changes nothing.
  std::optional<Found> replied(std::uint32_t slot, const Reply& reply);

  bool is_over() const { return open_ == 0; }
  const Summary& summary(std::size_t goal) const { return targets_[goal].target.summary(); }

 private:
  enum class Use : std::uint8_t { kFree, kUnit, kList };
  struct Slot {
    Use use;
    bool is_out;
    std::uint32_t target;
    std::uint32_t next;  // that is to be sent again, or free
    Address address;
    Inquiry inquiry;
    ReportLuns list;
  };
  struct Entry {
    Target target;
    std::uint32_t next;  // that can be asked
    bool is_queued, is_open;
  };
  // A queue of indices, whose links lie in the things themselves.
  struct Queue {
    std::uint32_t head, tail;
  };
  static constexpr std::uint32_t kNone = ~0u;

  Status take(Arena& arena);
  Command command_of(std::uint32_t slot);
  void fill(std::uint32_t slot, std::uint32_t target, Target::Ask ask);
  void release(std::uint32_t slot);
  void settle(std::uint32_t target);
  template <class T>
  static void push(Queue& queue, std::span<T> items, std::uint32_t index);
  template <class T>
  static std::uint32_t pop(Queue& queue, std::span<T> items);
  std::optional<Found> unit_replied(std::uint32_t slot, const Reply& reply);
  void list_replied(std::uint32_t slot, const Reply& reply);
  void keep_list(std::uint32_t slot, Bytes data);

  Order order_;
  Arena* arena_ = nullptr;
  std::span<Slot> slots_;
  std::span<Entry> targets_;
  std::span<std::uint32_t> table_;
  Queue free_{kNone, kNone}, again_{kNone, kNone}, ready_{kNone, kNone};
  std::uint32_t open_ = 0;
};

}  // namespace ringside::scsi
