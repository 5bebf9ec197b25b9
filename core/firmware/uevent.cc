#include "core/firmware/uevent.hh"

#include "core/firmware/name.hh"

namespace ringside::firmware {
namespace {

// Not substr(), which throws.
std::string_view without(std::string_view text, std::size_t prefix) {
  text.remove_prefix(prefix);
  return text;
}

// What comes before the next `end`, taken off `rest`; an Error where there is none.
Result<std::string_view> take(std::string_view& rest, char end, const char* part) {
  for (std::size_t at = 0; at < rest.size(); ++at) {
    if (rest[at] != end) continue;
    auto taken = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    return taken;
  }
  return Error{"does not end", part, 0, 0, rest.size()};
}

struct Pairs {
  std::string_view action, devpath, subsystem, firmware, timeout;
};

// The first of each key counts.
void keep(std::string_view pair, Pairs& pairs) {
  struct Key {
    std::string_view text;
    std::string_view Pairs::*value;
  };
  constexpr Key kKeys[] = {{"ACTION=", &Pairs::action},
                           {"DEVPATH=", &Pairs::devpath},
                           {"SUBSYSTEM=", &Pairs::subsystem},
                           {"FIRMWARE=", &Pairs::firmware},
                           {"TIMEOUT=", &Pairs::timeout}};
  for (const auto& [text, value] : kKeys)
    if ((pairs.*value).data() == nullptr && pair.starts_with(text))
      pairs.*value = without(pair, text.size());
}

Result<Pairs> read_pairs(std::string_view text, char end) {
  Pairs pairs;
  while (!text.empty()) keep(TRY(take(text, end, "uevent")), pairs);
  return pairs;
}

Result<std::uint32_t> read_seconds(std::string_view text) {
  constexpr std::uint32_t kMax = 0x7fff'ffff;
  std::uint64_t seconds = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9') return Error{"not a number", "TIMEOUT", 0, 0, 0};
    seconds = seconds * 10 + static_cast<unsigned>(digit - '0');
    if (seconds > kMax) return Error{"too large", "TIMEOUT", 0, kMax, seconds};
  }
  return static_cast<std::uint32_t>(seconds);
}

std::string_view last_component(std::string_view path) {
  auto at = path.size();
  while (at > 0 && path[at - 1] != '/') --at;
  return without(path, at);
}

// A name with a NUL or a line feed in it would be cut short here, and be another one.
Result<Request> request_of(std::string_view device, const Pairs& pairs) {
  if (pairs.firmware.empty()) return Error{"no name", "FIRMWARE", 0, 0, 0};
  if (!is_folder_of(device, pairs.firmware))
    return Error{"not the name that its folder bears", "FIRMWARE", 0, device.size(),
                 pairs.firmware.size()};
  return Request{device, pairs.firmware, TRY(read_seconds(pairs.timeout))};
}

}  // namespace

Result<std::optional<Request>> read_uevent(std::string_view message) {
  TRY(take(message, '\0', "uevent"));
  auto pairs = TRY(read_pairs(message, '\0'));
  if (pairs.action != "add" || pairs.subsystem != "firmware") return std::optional<Request>();
  return std::optional(TRY(request_of(last_component(pairs.devpath), pairs)));
}

Result<Request> read_uevent_file(std::string_view device, std::string_view text) {
  return request_of(device, TRY(read_pairs(text, '\n')));
}

}  // namespace ringside::firmware
