#include "core/firmware/name.hh"

#include <cstring>

namespace ringside::firmware {
namespace {

Error bad(const char* what, std::uint64_t at) {
  return {what, "name", at, 0, 0};
}

// The component that begins at `at`: where it ends.
Result<std::size_t> check_component(std::string_view name, std::size_t at) {
  auto end = at;
  for (; end < name.size() && name[end] != '/'; ++end)
    if (static_cast<unsigned char>(name[end]) < 0x20 || name[end] == 0x7f)
      return bad("control byte", end);
  std::string_view part(name.data() + at, end - at);
  if (part.empty()) return bad("empty component", at);
  if (part == "." || part == "..") return bad("component is . or ..", at);
  return end;
}

}  // namespace

Status check_name(std::string_view name) {
  if (name.empty()) return bad("empty name", 0);
  if (name.size() > kNameMax) return Error{"name too long", "name", 0, kNameMax, name.size()};
  if (name[0] == '/') return bad("absolute name", 0);
  for (std::size_t at = 0;; ++at) {
    at = TRY(check_component(name, at));
    if (at == name.size()) return ok;
  }
}

bool is_folder_of(std::string_view device, std::string_view name) {
  if (device.size() != name.size()) return false;
  for (std::size_t at = 0; at < name.size(); ++at)
    if (device[at] != (name[at] == '/' ? '!' : name[at])) return false;
  return true;
}

std::string_view file_name(std::string_view name, Form form, FileName& room) {
  constexpr std::string_view kSuffixes[kForms] = {"", ".xz", ".zst"};
  auto suffix = kSuffixes[static_cast<unsigned>(form)];
  std::memcpy(room.data(), name.data(), name.size());
  std::memcpy(room.data() + name.size(), suffix.data(), suffix.size());
  room[name.size() + suffix.size()] = '\0';
  return {room.data(), name.size() + suffix.size()};
}

}  // namespace ringside::firmware
