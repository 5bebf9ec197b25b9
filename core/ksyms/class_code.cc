// Symbols are numbered by frequency and the classes cut that row into runs of 2^width. Which widths
// cost least is found from the end: the cheapest way to code all symbols from some place on with
// the last c classes is one width for the first of these classes and, behind it, the cheapest way
// with the last c - 1.
#include "core/ksyms/class_code.hh"

#include <algorithm>

#include "core/base/sort.hh"

namespace ringside::ksyms {
namespace {

constexpr std::uint32_t kWidest = 15;  // 2^15 symbols are all that there can be

struct Counted {
  std::uint32_t occurrences;
  std::uint16_t symbol;
};

// Those that occur at all.
[[gnu::noinline]] Result<std::span<Counted>> count(std::span<const std::uint32_t> occurrences,
                                                   Arena& arena) {
  std::size_t count = 0;
  for (auto times : occurrences) count += times != 0;
  auto counted = TRY(arena.take<Counted>(count));
  std::size_t at = 0;
  for (std::size_t symbol = 0; symbol < occurrences.size(); ++symbol)
    if (occurrences[symbol] != 0)
      counted[at++] = {occurrences[symbol], static_cast<std::uint16_t>(symbol)};
  return counted;
}

[[gnu::noinline]] Status sort_by_frequency(std::span<Counted> counted, Arena& arena) {
  return merge_sort(
      counted, [](const Counted& a, const Counted& b) { return a.occurrences > b.occurrences; },
      arena);
}

struct Plan {
  std::span<std::uint64_t> cost;   // bits from symbol i on, with the classes behind the one at hand
  std::span<std::uint64_t> next;   // the same with this class too
  std::span<std::uint8_t> widths;  // of the class that begins at symbol i: kClasses rows
};

// One more class in front: `sums[i]` symbols of the text have numbers below i.
void plan_class(Plan& plan, std::span<const std::uint64_t> sums, std::span<std::uint8_t> widths) {
  auto count = sums.size() - 1;
  for (std::size_t at = 0; at < count; ++at) {
    plan.next[at] = ~std::uint64_t{0};
    for (std::uint32_t width = 0; width <= kWidest; ++width) {
      auto end = std::min(count, at + (std::size_t{1} << width));
      if (plan.cost[end] == ~std::uint64_t{0}) continue;
      auto cost = plan.cost[end] + (sums[end] - sums[at]) * (kClassBits + width);
      if (cost >= plan.next[at]) continue;
      plan.next[at] = cost;
      widths[at] = static_cast<std::uint8_t>(width);
    }
  }
  std::swap(plan.cost, plan.next);
}

[[gnu::noinline]] Status choose_widths(std::span<const Counted> symbols, ClassCode& code,
                                       Arena arena) {
  auto count = symbols.size();
  auto sums = TRY(arena.take<std::uint64_t>(count + 1));
  for (std::size_t i = 0; i < count; ++i) sums[i + 1] = sums[i] + symbols[i].occurrences;
  Plan plan;
  plan.cost = TRY(arena.take<std::uint64_t>(count + 1));
  plan.next = TRY(arena.take<std::uint64_t>(count + 1));
  plan.widths = TRY(arena.take<std::uint8_t>((count + 1) * kClasses));
  for (std::size_t i = 0; i < count; ++i) plan.cost[i] = ~std::uint64_t{0};
  for (auto n = kClasses; n-- > 0;)
    plan_class(plan, sums, plan.widths.subspan(n * (count + 1), count + 1));
  code = {};
  std::size_t first = 0;
  for (std::uint32_t n = 0; n < kClasses && first < count; ++n) {
    code.first[n] = static_cast<std::uint16_t>(first);
    code.width[n] = plan.widths[n * (count + 1) + first];
    first += std::size_t{1} << code.width[n];
  }
  return ok;
}

// The order of the symbols, and each symbol's number in it.
[[gnu::noinline]] Status number_symbols(std::span<const Counted> symbols, std::size_t ids,
                                        NumberedCode& made, Arena& arena) {
  auto order = TRY(arena.take<std::uint16_t>(symbols.size()));
  auto numbers = TRY(arena.take<std::uint16_t>(ids));
  for (std::size_t number = 0; number < symbols.size(); ++number) {
    order[number] = symbols[number].symbol;
    numbers[symbols[number].symbol] = static_cast<std::uint16_t>(number);
  }
  made.order = order;
  made.numbers = numbers;
  return ok;
}

}  // namespace

Status make_class_code(std::span<const std::uint32_t> occurrences, NumberedCode& made,
                       Arena& arena) {
  auto symbols = TRY(count(occurrences, arena));
  TRY(sort_by_frequency(symbols, arena));
  TRY(number_symbols(symbols, occurrences.size(), made, arena));
  return choose_widths(symbols, made.code, arena);
}

void write_code(const ClassCode& code, std::uint32_t number, BitWriter& bits) {
  std::uint32_t of_class = 0;
  while (number - code.first[of_class] >= 1u << code.width[of_class]) ++of_class;
  bits.put(of_class, kClassBits);
  bits.put(number - code.first[of_class], code.width[of_class]);
}

}  // namespace ringside::ksyms
