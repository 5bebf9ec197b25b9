#include "core/firmware/manifest.hh"

namespace ringside::firmware {
namespace {

constexpr std::size_t kDigits = 2 * sizeof(Digest);

int value_of(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

bool read_digest(std::string_view digits, Digest& digest) {
  for (std::size_t at = 0; at < digest.size(); ++at) {
    int high = value_of(digits[2 * at]), low = value_of(digits[2 * at + 1]);
    if (high < 0 || low < 0) return false;
    digest[at] = static_cast<std::byte>(high << 4 | low);
  }
  return true;
}

// sha256sum escapes a name with a backslash or a line feed, and then begins the line with one.
Result<Listed> read_line(std::string_view line, std::uint64_t number) {
  Listed listed;
  auto bad = [&](const char* what) { return Error{what, "line", number, 0, 0}; };
  if (line.size() < kDigits + 3 || !read_digest(line.substr(0, kDigits), listed.digest))
    return bad("no sum of 64 hexadecimal digits and a name");
  if (line[kDigits] != ' ' || (line[kDigits + 1] != ' ' && line[kDigits + 1] != '*'))
    return bad("no two characters between sum and name");
  listed.name = line;
  listed.name.remove_prefix(kDigits + 2);
  if (listed.name.starts_with("./")) listed.name.remove_prefix(2);
  auto good = check_name(listed.name);
  if (!good) return bad(good.error().what);
  return listed;
}

}  // namespace

Result<std::optional<Listed>> Manifest::next() {
  while (!rest_.empty()) {
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != '\n') ++end;
    auto line = rest_.substr(0, end);
    rest_.remove_prefix(end < rest_.size() ? end + 1 : end);
    ++line_;
    if (!line.empty() && line[0] != '#') return std::optional(TRY(read_line(line, line_)));
  }
  return std::optional<Listed>();
}

}  // namespace ringside::firmware
