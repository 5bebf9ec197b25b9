// Any bytes as what targets answer, in any order: the scan must end, keep its commands within their
// bounds, ask no unit for two verdicts, and call nothing a device that did not say so; and any
// bytes as vital product data, which must give only what lies within.
#include <algorithm>
#include <cstdlib>
#include <set>
#include <tuple>
#include <vector>

#include "core/scsi/capacity.hh"
#include "core/scsi/identity.hh"
#include "core/scsi/scan.hh"
#include "core/scsi/sense.hh"

using namespace ringside;
using namespace ringside::scsi;

namespace {

// The input, taken from its front; zeros behind its end.
class Input {
 public:
  explicit Input(Bytes bytes) : rest_(bytes) {}
  std::uint8_t byte() {
    auto taken = take(1);
    return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken[0]);
  }
  Bytes take(std::size_t size) {
    auto taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  Bytes rest_;
};

void expect(bool good) {
  if (!good) std::abort();
}

void inside(Bytes view, Bytes input) {
  expect(view.empty() ||
         (view.data() >= input.data() && view.data() + view.size() <= input.data() + input.size()));
}

// A whole answer now and then, else what the input says.
Reply reply_to(const Command& command, Input& input) {
  Reply reply;
  auto kind = input.byte();
  if (kind & 1) reply.delivery = static_cast<Delivery>(kind >> 1 & 7);
  if (kind & 16) reply.status = kCheckCondition, reply.sense = input.take(kind >> 5);
  if (!(kind & 16))
    reply.data = input.take(std::min<std::size_t>(command.reply_bytes, input.byte()));
  return reply;
}

void scan(Input input) {
  static std::vector<std::byte> memory(1 << 20);
  static constexpr Quirk kQuirks[] = {{"SPARSE", "", kSparseLun | kLargeLun},
                                      {"", "R", kReportLuns2}};
  Arena arena(memory);
  Rules rules;
  rules.listed = 511 + input.byte();
  Goal goals[] = {{0, 0}, {0, 1}, {1, 0}};
  if (input.byte() & 1) goals[1].lun = input.byte();
  auto made = Scan::create({goals, kQuirks, rules, 1u + input.byte() % 9}, arena);
  expect(static_cast<bool>(made));
  std::vector<Command> out;
  std::set<std::tuple<std::uint32_t, std::uint32_t, Lun>> seen;
  for (unsigned steps = 0; !made->is_over(); ++steps) {
    while (auto command = made->next()) out.push_back(*command);
    expect(!out.empty() && out.size() <= 9 && steps < 50'000);
    auto which = input.byte() % out.size();
    auto command = out[which];
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(which));
    expect(command.reply_bytes >= 36 && command.reply_bytes <= 8 * (rules.listed + 1) + 4096);
    auto found = made->replied(command.slot, reply_to(command, input));
    if (!found) continue;
    const auto& [channel, target, lun] = found->address;
    expect(seen.emplace(channel, target, lun).second);
    if (found->verdict == Verdict::kSilent) continue;
    expect(found->inquiry.size() >= 36 && found->inquiry.size() <= kInquiryMax);
    expect(judge(found->inquiry, lun) == found->verdict);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input(reinterpret_cast<const std::byte*>(data), size);
  scan(Input(input));
  inside(serial_of(input), input);
  if (auto best = identity_of(input)) inside(best->value, input);
  auto rest = designators_of(input);
  while (auto designator = next_designator(rest)) inside(designator->value, input);
  (void)read_sense(input);
  if (auto capacity = read_long(input)) expect(capacity->blocks != 0 && capacity->block_bytes != 0);
  (void)read_short(input);
  return 0;
}
