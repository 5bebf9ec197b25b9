// Re-Pair: replace the pair of neighbours that occurs most often by a new token, everywhere, again
// and again. The text is a list whose nodes are also threaded by pair; pairs are found by a hash
// table and wait in one queue for each number of occurrences. A new pair never occurs more often
// than the one whose replacement made it, so the search for the most frequent pair only goes down,
// and all the work together is linear in the text.
#include "core/ksyms/grammar.hh"

#include <algorithm>
#include <bit>

#include "core/ksyms/name_hash.hh"

namespace ringside::ksyms {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;
constexpr std::uint16_t kHole = 0xffff;       // a node that was merged into the one before it
constexpr std::uint32_t kMinOccurrences = 6;  // a rule for fewer costs more than it saves
constexpr std::uint32_t kMaxRules = kMaxTokens - kTerminals;

struct Node {
  std::uint32_t previous, next;            // in the name
  std::uint32_t same_previous, same_next;  // where the pair that begins here also begins
  std::uint16_t id;
  bool threaded;  // false: this pair is not worth a record
};

struct Pair {
  std::uint16_t left, right;
  std::uint32_t occurrences;
  std::uint32_t first;           // node
  std::uint32_t next_in_slot;    // of the hash table; of a free record: the next free one
  std::uint32_t previous, next;  // in the queue of as many occurrences
};

class RePair {
 public:
  Status start(std::span<const std::uint16_t> text, Arena& arena);
  void run();
  Result<Grammar> grammar(Arena& arena) const;

 private:
  void link(std::span<const std::uint16_t> text);
  std::uint32_t* slot_of(std::uint16_t left, std::uint16_t right);
  std::uint32_t record(std::uint32_t node);
  void forget(std::uint32_t pair);
  void enqueue(std::uint32_t pair);
  void dequeue(std::uint32_t pair);
  void thread(std::uint32_t node);
  void unthread(std::uint32_t node);
  void replace(std::uint32_t node, std::uint16_t id);
  void make_rule(std::uint32_t pair);
  void forget_rare();
  std::uint32_t depth_of(std::uint16_t id) const {
    return id < kTerminals ? 0 : depths_[id - kTerminals];
  }

  std::span<Node> nodes_;
  std::span<Pair> pairs_;
  std::span<std::uint32_t> slots_;   // hash table: the first pair of each chain
  std::span<std::uint32_t> queues_;  // by number of occurrences: the first pair
  std::span<Rule> rules_;
  std::span<std::uint8_t> depths_;  // of the rules
  std::uint32_t free_ = 0;          // first of the pairs that are not in use
  std::uint32_t rule_count_ = 0;
};

// Pairs in use at a time: at first at most one for two terminals; later those that occur often
// enough, and those that the rule at hand makes with each of the other ids.
std::uint64_t max_pairs(std::uint64_t nodes) {
  auto first = std::min<std::uint64_t>(nodes, std::uint64_t{kTerminals} * kTerminals);
  return first + nodes / kMinOccurrences + 2 * (kTerminals + kMaxRules);
}

Status RePair::start(std::span<const std::uint16_t> text, Arena& arena) {
  auto pairs = max_pairs(text.size());
  nodes_ = TRY(arena.take<Node>(text.size()));
  pairs_ = TRY(arena.take<Pair>(pairs));
  slots_ = TRY(arena.take<std::uint32_t>(std::bit_ceil(pairs)));
  queues_ = TRY(arena.take<std::uint32_t>(text.size() + 1));
  rules_ = TRY(arena.take<Rule>(kMaxRules));
  depths_ = TRY(arena.take<std::uint8_t>(kMaxRules));
  std::fill(slots_.begin(), slots_.end(), kNone);
  std::fill(queues_.begin(), queues_.end(), kNone);
  for (std::uint32_t i = 0; i < pairs; ++i) pairs_[i].next_in_slot = i + 1;
  link(text);
  return ok;
}

void RePair::link(std::span<const std::uint16_t> text) {
  auto size = static_cast<std::uint32_t>(text.size());
  for (std::uint32_t i = 0; i < size; ++i) {
    auto first = i == 0 || text[i - 1] == kEndOfName, last = text[i] == kEndOfName || i + 1 == size;
    nodes_[i] = {first ? kNone : i - 1, last ? kNone : i + 1, kNone, kNone, text[i], false};
  }
  for (std::uint32_t i = 0; i < size; ++i) thread(i);
  forget_rare();
}

// The link that leads to the pair's record, or the end of its chain.
std::uint32_t* RePair::slot_of(std::uint16_t left, std::uint16_t right) {
  auto hash = mix(std::uint64_t{left} << 16 | right);
  auto* link = &slots_[hash & (slots_.size() - 1)];
  while (*link != kNone && (pairs_[*link].left != left || pairs_[*link].right != right))
    link = &pairs_[*link].next_in_slot;
  return link;
}

// The record of the pair that begins at `node`, made where there is none.
std::uint32_t RePair::record(std::uint32_t node) {
  auto left = nodes_[node].id, right = nodes_[nodes_[node].next].id;
  auto* link = slot_of(left, right);
  if (*link != kNone) return *link;
  auto pair = free_;
  free_ = pairs_[pair].next_in_slot;
  pairs_[pair] = {left, right, 0, kNone, kNone, kNone, kNone};
  *link = pair;
  enqueue(pair);
  return pair;
}

void RePair::forget(std::uint32_t pair) {
  dequeue(pair);
  for (auto node = pairs_[pair].first; node != kNone; node = nodes_[node].same_next)
    nodes_[node].threaded = false;
  *slot_of(pairs_[pair].left, pairs_[pair].right) = pairs_[pair].next_in_slot;
  pairs_[pair].next_in_slot = free_;
  free_ = pair;
}

void RePair::enqueue(std::uint32_t pair) {
  auto& head = queues_[pairs_[pair].occurrences];
  pairs_[pair].previous = kNone;
  pairs_[pair].next = head;
  if (head != kNone) pairs_[head].previous = pair;
  head = pair;
}

void RePair::dequeue(std::uint32_t pair) {
  auto [previous, next] = std::pair(pairs_[pair].previous, pairs_[pair].next);
  (previous == kNone ? queues_[pairs_[pair].occurrences] : pairs_[previous].next) = next;
  if (next != kNone) pairs_[next].previous = previous;
}

// Adds the pair that begins at `node`, if any, to its record.
void RePair::thread(std::uint32_t node) {
  if (node == kNone || nodes_[node].next == kNone) return;
  auto pair = record(node);
  auto& first = pairs_[pair].first;
  nodes_[node].same_previous = kNone;
  nodes_[node].same_next = first;
  nodes_[node].threaded = true;
  if (first != kNone) nodes_[first].same_previous = node;
  first = node;
  dequeue(pair);
  ++pairs_[pair].occurrences;
  enqueue(pair);
}

void RePair::unthread(std::uint32_t node) {
  if (node == kNone || !nodes_[node].threaded) return;
  auto pair = record(node);
  auto [previous, next] = std::pair(nodes_[node].same_previous, nodes_[node].same_next);
  (previous == kNone ? pairs_[pair].first : nodes_[previous].same_next) = next;
  if (next != kNone) nodes_[next].same_previous = previous;
  nodes_[node].threaded = false;
  dequeue(pair);
  --pairs_[pair].occurrences;
  enqueue(pair);
}

// Makes one token of the node and the one after it.
void RePair::replace(std::uint32_t node, std::uint16_t id) {
  auto gone = nodes_[node].next, previous = nodes_[node].previous, next = nodes_[gone].next;
  unthread(previous);
  unthread(node);
  unthread(gone);
  nodes_[gone].id = kHole;
  nodes_[node].id = id;
  nodes_[node].next = next;
  if (next != kNone) nodes_[next].previous = node;
  thread(previous);
  thread(node);
}

void RePair::make_rule(std::uint32_t pair) {
  auto left = pairs_[pair].left, right = pairs_[pair].right;
  auto depth = std::max(depth_of(left), depth_of(right)) + 1;
  if (depth > kMaxDepth) return forget(pair);
  auto id = static_cast<std::uint16_t>(kTerminals + rule_count_);
  rules_[rule_count_] = {left, right};
  depths_[rule_count_++] = static_cast<std::uint8_t>(depth);
  while (pairs_[pair].first != kNone) replace(pairs_[pair].first, id);
  forget_rare();
}

// A pair that exists occurs less and less often: these will never be worth a rule.
void RePair::forget_rare() {
  for (std::uint32_t i = 0; i < kMinOccurrences && i < queues_.size(); ++i)
    while (queues_[i] != kNone) forget(queues_[i]);
}

void RePair::run() {
  for (auto most = queues_.size() - 1; most >= kMinOccurrences; --most)
    while (queues_[most] != kNone && rule_count_ < kMaxRules) make_rule(queues_[most]);
}

Result<Grammar> RePair::grammar(Arena& arena) const {
  std::size_t size = 0;
  for (const auto& node : nodes_) size += node.id != kHole;
  auto sequence = TRY(arena.take<std::uint16_t>(size));
  std::size_t at = 0;
  for (const auto& node : nodes_)
    if (node.id != kHole) sequence[at++] = node.id;
  return Grammar{rules_.first(rule_count_), sequence};
}

}  // namespace

Result<Grammar> make_grammar(std::span<const std::uint16_t> text, Arena& arena) {
  auto& re_pair = TRY(arena.take<RePair>(1)).front();
  TRY(re_pair.start(text, arena));
  re_pair.run();
  return re_pair.grammar(arena);
}

}  // namespace ringside::ksyms
