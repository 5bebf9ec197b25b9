// Debian compares versions in three parts, epoch:upstream-revision. A part is a run of other
// characters, then a number, then again: runs compare by character, letters before signs and '~'
// before even the end; numbers by value.
#include "lab/kernels/names.hh"

#include <algorithm>
#include <cctype>

namespace ringside::lab {
namespace {

constexpr std::string_view kImagePrefix = "linux-image-", kArchSuffix = "-amd64";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The digits that `text` begins with, taken off it.
std::string_view take_digits(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && is_digit(text[size])) ++size;
  auto digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

// MAJOR.MINOR, taken off `text`; empty where it does not begin so.
std::string take_version(std::string_view& text) {
  auto major = take_digits(text);
  if (major.empty() || text.empty() || text[0] != '.') return {};
  text.remove_prefix(1);
  auto minor = take_digits(text);
  return minor.empty() ? std::string() : std::string(major) + "." + std::string(minor);
}

// Where a character stands before others; a digit or the end closes a run.
int order(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return 0;
  if (text[0] == '~') return -1;
  auto c = static_cast<unsigned char>(text[0]);
  return std::isalpha(c) ? c : c + 256;
}

int compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

int compare_parts(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while (order(a) || order(b)) {
      if (order(a) != order(b)) return order(a) - order(b);
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    auto a_number = take_digits(a), b_number = take_digits(b);
    if (int sign = compare_numbers(a_number, b_number)) return sign;
  }
  return 0;
}

struct Version {
  std::string_view epoch, upstream, revision;
};

Version split_version(std::string_view text) {
  Version version;
  if (auto colon = text.find(':'); colon != text.npos) {
    version.epoch = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  auto dash = text.rfind('-');
  version.upstream = text.substr(0, dash);
  if (dash != text.npos) version.revision = text.substr(dash + 1);
  return version;
}

}  // namespace

std::optional<Series> parse_series(std::string_view name) {
  auto version = take_version(name);
  if (version.empty()) return std::nullopt;
  for (std::string_view flavour : {"", "-rt", "-cloud"})
    if (name == flavour)
      return Series{version, std::string(flavour.substr(std::min<std::size_t>(1, flavour.size())))};
  return std::nullopt;
}

std::optional<Series> series_of(std::string_view release) {
  auto version = take_version(release);
  if (version.empty()) return std::nullopt;
  if (release.ends_with(kArchSuffix)) release.remove_suffix(kArchSuffix.size());
  for (const char* flavour : {"rt", "cloud", kSanitized})
    if (release.ends_with(std::string("-") + flavour)) return Series{version, flavour};
  return Series{version, ""};
}

std::string to_string(const Series& series) {
  return series.flavour.empty() ? series.version : series.version + "-" + series.flavour;
}

std::vector<std::string> metapackages(const Series& series) {
  std::string flavour = series.flavour.empty() ? "" : series.flavour + "-";
  return {"linux-image-" + series.version + "-" + flavour + "amd64",
          "linux-image-" + flavour + "amd64"};
}

std::string release_of_package(std::string_view package) {
  if (!package.starts_with(kImagePrefix)) return {};
  package.remove_prefix(kImagePrefix.size());
  // linux-image-6.12-amd64 leads to a kernel, but is none.
  auto rest = package;
  if (take_version(rest).empty() || rest.empty() || rest[0] == '-') return {};
  if (package.ends_with("-dbg")) return {};
  if (package.ends_with("-unsigned")) package.remove_suffix(9);
  return std::string(package);
}

int compare_versions(std::string_view a, std::string_view b) {
  auto left = split_version(a), right = split_version(b);
  if (int sign = compare_numbers(left.epoch, right.epoch)) return sign;
  if (int sign = compare_parts(left.upstream, right.upstream)) return sign;
  return compare_parts(left.revision, right.revision);
}

bool is_release(std::string_view release) {
  constexpr std::size_t kLimit = 64;  // utsname's field, with its NUL
  return !release.empty() && release.size() < kLimit && release[0] != '.' &&
         std::all_of(release.begin(), release.end(), [](unsigned char c) {
           return std::isalnum(c) || std::string_view("._+~-").find(c) != std::string_view::npos;
         });
}

}  // namespace ringside::lab
