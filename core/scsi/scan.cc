#include "core/scsi/scan.hh"

#include <bit>

namespace ringside::scsi {

template <class T>
void Scan::push(Queue& queue, std::span<T> items, std::uint32_t index) {
  items[index].next = kNone;
  if (queue.head == kNone)
    queue.head = index;
  else
    items[queue.tail].next = index;
  queue.tail = index;
}

// The queue is not empty.
template <class T>
std::uint32_t Scan::pop(Queue& queue, std::span<T> items) {
  auto index = queue.head;
  queue.head = items[index].next;
  return index;
}

Result<Scan> Scan::create(const Order& order, Arena& arena) {
  if (order.slots == 0) return Error{"no slots", "order", 0, 1, 0};
  if (order.rules.listed < 511) return Error{"list too short", "order", 0, 511, order.rules.listed};
  if (order.goals.size() >= kNone)
    return Error{"too many goals", "order", 0, kNone - 1, order.goals.size()};
  Scan scan;
  scan.order_ = order;
  TRY(scan.take(arena));
  return scan;
}

Status Scan::take(Arena& arena) {
  arena_ = &arena;
  slots_ = TRY(arena.take<Slot>(order_.slots));
  targets_ = TRY(arena.take<Entry>(order_.goals.size()));
  table_ = TRY(arena.take<std::uint32_t>(std::bit_ceil(2 * std::uint64_t{order_.rules.listed})));
  for (std::uint32_t i = 0; i < slots_.size(); ++i) push(free_, slots_, i);
  for (std::uint32_t i = 0; i < targets_.size(); ++i) {
    targets_[i].target = Target();
    targets_[i].target.start(order_.goals[i]);
    targets_[i].is_open = targets_[i].is_queued = true;
    push(ready_, targets_, i);
  }
  open_ = static_cast<std::uint32_t>(targets_.size());
  return ok;
}

// A target that has more to ask goes to the end of the queue: all have their turn.
std::optional<Command> Scan::next() {
  if (again_.head != kNone) return command_of(pop(again_, slots_));
  if (free_.head == kNone) return std::nullopt;
  while (ready_.head != kNone) {
    auto index = pop(ready_, targets_);
    auto& entry = targets_[index];
    entry.is_queued = false;
    auto ask = entry.target.asks(order_.rules);
    if (ask == Target::Ask::kNothing) continue;
    auto slot = pop(free_, slots_);
    fill(slot, index, ask);
    entry.target.asked();
    settle(index);
    return command_of(slot);
  }
  return std::nullopt;
}

void Scan::fill(std::uint32_t slot, std::uint32_t target, Target::Ask ask) {
  auto& filled = slots_[slot];
  filled.use = ask == Target::Ask::kList ? Use::kList : Use::kUnit;
  filled.target = target;
  filled.address = targets_[target].target.address();
  filled.inquiry.start(filled.address.lun);
  filled.list = ReportLuns(order_.rules.listed);
}

Command Scan::command_of(std::uint32_t index) {
  auto& slot = slots_[index];
  slot.is_out = true;
  Command command{index, slot.address, {}, 0, 0};
  if (slot.use == Use::kList) {
    command.reply_bytes = slot.list.wanted();
    command.cdb = report_luns(command.reply_bytes);
    command.timeout_ms = order_.rules.report_timeout;
  } else {
    command.reply_bytes = slot.inquiry.wanted();
    command.cdb = inquiry(slot.inquiry.wanted());
    command.timeout_ms = order_.rules.inquiry_timeout;
  }
  return command;
}

std::optional<Found> Scan::replied(std::uint32_t slot, const Reply& reply) {
  if (slot >= slots_.size() || !slots_[slot].is_out) return std::nullopt;
  slots_[slot].is_out = false;
  if (slots_[slot].use == Use::kUnit) return unit_replied(slot, reply);
  list_replied(slot, reply);
  return std::nullopt;
}

std::optional<Found> Scan::unit_replied(std::uint32_t index, const Reply& reply) {
  auto& slot = slots_[index];
  if (!slot.inquiry.replied(reply, order_.quirks)) return push(again_, slots_, index), std::nullopt;
  auto& target = targets_[slot.target].target;
  bool is_finding = target.unit(order_.rules, slot.address.lun, slot.inquiry);
  release(index);
  if (!is_finding) return std::nullopt;
  const auto& unit = slot.inquiry;
  return Found{slot.address, unit.verdict(),    unit.delivery(),
               unit.flags(), target.has_list(), unit.data()};
}

void Scan::list_replied(std::uint32_t index, const Reply& reply) {
  switch (slots_[index].list.replied(reply)) {
    case ReportLuns::Step::kAgain:
      return push(again_, slots_, index);
    case ReportLuns::Step::kFailed:
      targets_[slots_[index].target].target.not_listed(order_.rules, false);
      break;
    case ReportLuns::Step::kListed:
      keep_list(index, reply.data);
  }
  release(index);
}

void Scan::keep_list(std::uint32_t index, Bytes data) {
  const auto& slot = slots_[index];
  auto& target = targets_[slot.target].target;
  auto list = read_luns(data, slot.list.count(), order_.rules.largest, table_, *arena_);
  if (list)
    target.listed(*list, slot.list.is_cut());
  else
    target.not_listed(order_.rules, true);
}

void Scan::release(std::uint32_t slot) {
  slots_[slot].use = Use::kFree;
  push(free_, slots_, slot);
  settle(slots_[slot].target);
}

// What a target's new state means for the scan.
void Scan::settle(std::uint32_t index) {
  auto& entry = targets_[index];
  if (entry.is_open && entry.target.is_over()) {
    entry.is_open = false;
    --open_;
  }
  if (entry.is_queued || entry.target.asks(order_.rules) == Target::Ask::kNothing) return;
  entry.is_queued = true;
  push(ready_, targets_, index);
}

}  // namespace ringside::scsi
