// The names and versions of Debian's kernels.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringside::lab {

// The flavour that is not Debian's: lab/kasan/build makes it.
inline constexpr const char* kSanitized = "kasan";

// "6.12-rt" is version "6.12", flavour "rt"; the plain flavour is empty.
struct Series {
  std::string version, flavour;
  bool operator==(const Series&) const = default;
};

// The series of Debian's that a user names so, if `name` is one: MAJOR.MINOR, then -rt or -cloud.
std::optional<Series> parse_series(std::string_view name);

// The series that `release` ("6.12.117+deb12-rt-amd64") belongs to, if it begins with two numbers.
std::optional<Series> series_of(std::string_view release);

// As a user writes it.
std::string to_string(const Series& series);

// The metapackages that may lead to the image of `series`, the surest first. The one without a
// number is whatever Debian's release has, so that it names none.
std::vector<std::string> metapackages(const Series& series);

// The release in the name of an image package ("linux-image-6.1.0-56-amd64"); empty for others.
std::string release_of_package(std::string_view package);

// <0, 0 or >0 as Debian version `a` is older than, the same as or newer than `b` (Debian Policy
// 5.6.12).
int compare_versions(std::string_view a, std::string_view b);

// True where `release` may stand in a path: not empty, no '/', only what releases are made of.
bool is_release(std::string_view release);

}  // namespace ringside::lab
