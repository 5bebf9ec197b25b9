// A kind of step is (next type, alignment of the gap, number of significant bits); each context's
// code is made from how often each kind follows it.
#include "core/ksyms/step_codes.hh"

#include <bit>

namespace ringside::ksyms {
namespace {

constexpr std::uint32_t kWidths = 65;  // significant bits of a gap, 0 to 64
constexpr std::uint32_t kKindsOfType = (kMaxShift + 1) * kWidths;

Step step_to(std::uint8_t context, std::uint64_t gap) {
  if (gap == 0) return {context, 0, 0, 0};
  auto zeros = static_cast<std::uint32_t>(std::countr_zero(gap));
  auto shift = zeros < kMaxShift ? zeros : kMaxShift;
  auto bits = std::bit_width(gap >> shift);
  return {context, static_cast<std::uint8_t>(shift), static_cast<std::uint8_t>(bits), 0};
}

std::uint32_t kind_of(const Step& step) {
  return (step.context * (kMaxShift + 1) + step.shift) * kWidths + step.bits;
}

Step step_of_kind(std::uint32_t kind) {
  return {static_cast<std::uint8_t>(kind / kKindsOfType),
          static_cast<std::uint8_t>(kind / kWidths % (kMaxShift + 1)),
          static_cast<std::uint8_t>(kind % kWidths), 0};
}

std::uint8_t context_of(std::span<const Context> contexts, char type) {
  std::uint8_t context = 0;
  while (contexts[context].type != static_cast<std::uint8_t>(type)) ++context;
  return context;
}

// One context for each type letter, in the order of the letters.
Result<std::span<Context>> make_contexts(std::span<const Symbol> symbols, Arena& arena) {
  auto used = TRY(arena.take<bool>(256));
  std::uint32_t count = 0;
  for (const auto& symbol : symbols) {
    auto& letter = used[static_cast<std::uint8_t>(symbol.type)];
    count += !letter;
    letter = true;
  }
  if (count > kMaxContexts)
    return Error{"too many type letters", "symbols", 0, kMaxContexts, count};
  auto contexts = TRY(arena.take<Context>(count));
  std::uint32_t at = 0;
  for (std::uint32_t letter = 0; letter < 256; ++letter)
    if (used[letter]) contexts[at++].type = static_cast<std::uint8_t>(letter);
  return contexts;
}

// How often each kind of step follows each context: kinds of the first context, then the second...
Result<std::span<const std::uint32_t>> count_kinds(std::span<const Symbol> symbols,
                                                   std::uint32_t block_size,
                                                   std::span<const Context> contexts,
                                                   Arena& arena) {
  auto kinds = contexts.size() * kKindsOfType;
  auto counts = TRY(arena.take<std::uint32_t>(contexts.size() * kinds));
  for (std::size_t i = 1; i < symbols.size(); ++i) {
    if (i % block_size == 0) continue;
    auto before = context_of(contexts, symbols[i - 1].type);
    auto step =
        step_to(context_of(contexts, symbols[i].type), symbols[i].address - symbols[i - 1].address);
    ++counts[before * kinds + kind_of(step)];
  }
  return std::span<const std::uint32_t>(counts);
}

}  // namespace

Result<StepCodes> make_step_codes(std::span<const Symbol> symbols, std::uint32_t block_size,
                                  Arena& arena) {
  auto contexts = TRY(make_contexts(symbols, arena));
  auto counts = TRY(count_kinds(symbols, block_size, contexts, arena));
  auto codes = TRY(arena.take<NumberedCode>(contexts.size()));
  auto kinds = contexts.size() * kKindsOfType;
  std::size_t size = 0;
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    TRY(make_class_code(counts.subspan(i * kinds, kinds), codes[i], arena));
    contexts[i].first_step = static_cast<std::uint32_t>(size);
    contexts[i].code = codes[i].code;
    size += codes[i].order.size();
  }
  auto steps = TRY(arena.take<Step>(size));
  for (std::size_t i = 0; i < contexts.size(); ++i)
    for (std::size_t n = 0; n < codes[i].order.size(); ++n)
      steps[contexts[i].first_step + n] = step_of_kind(codes[i].order[n]);
  return StepCodes{contexts, steps, codes};
}

void write_steps(const StepCodes& codes, std::span<const Symbol> block, BitWriter& bits) {
  auto context = context_of(codes.contexts, block[0].type);
  bits.put(context, kContextBits);
  auto size_at = bits.size();
  bits.put(0, kStepsBits);
  for (std::size_t i = 1; i < block.size(); ++i) {
    auto gap = block[i].address - block[i - 1].address;
    auto step = step_to(context_of(codes.contexts, block[i].type), gap);
    const auto& code = codes.codes[context];
    write_code(code.code, code.numbers[kind_of(step)], bits);
    std::uint32_t odd = step.shift < kMaxShift && step.bits > 1;
    if (step.bits != 0) bits.put(gap >> step.shift >> odd, step.bits - 1u - odd);
    context = step.context;
  }
  bits.patch(size_at, bits.size() - size_at - kStepsBits, kStepsBits);
}

}  // namespace ringside::ksyms
