// apt, asked without installing anything and without root: what packages there are, and their
// files. apt checks what it downloads: each file's hash against the package lists, and the lists'
// signature against the keyrings of the machine's sources; what is not signed is refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "user/base/failure.hh"

namespace ringside::lab {

// A package, in one version; an empty version is the one that apt would install.
struct Package {
  std::string name, version;
  bool operator==(const Package&) const = default;
};

// A paragraph of `apt-cache show`.
struct Stanza {
  Package package;
  std::string depends;
};

// A line of `apt-get download --print-uris`.
struct Archive {
  std::string file;         // the name it is downloaded to
  std::uint64_t bytes = 0;  // its size
};

// The paragraphs of `text` that name a package and a version.
std::vector<Stanza> parse_stanzas(std::string_view text);

// The first alternative of each dependency in a Depends field; a version only where it is "= V".
std::vector<Package> parse_depends(std::string_view depends);

// The files that `text` lists; other lines are left out.
std::vector<Archive> parse_uris(std::string_view text);

// The line of apt's stderr that says what went wrong: its first error, or else its first warning.
std::string_view pick_complaint(std::string_view err);

// Which versions of a package to show: the one that apt would install, or all.
enum class Versions { kCandidate, kAll };

class Apt {
 public:
  // With the machine's own package lists.
  Apt() = default;

  // With lists of our own in the cache, made anew by `apt-get update` from the machine's sources
  // where there are none or they are older than an hour.
  static Outcome<Apt> with_own_lists();

  // What apt knows of `packages`; those that it does not know are left out.
  Outcome<std::vector<Stanza>> show(Versions versions,
                                    const std::vector<std::string>& packages) const;

  // Which files a download of `packages` into `folder` will bring.
  Outcome<std::vector<Archive>> archives(const std::vector<Package>& packages,
                                         const std::filesystem::path& folder) const;

  // Downloads `packages` into `folder`.
  Outcome<Nothing> download(const std::vector<Package>& packages,
                            const std::filesystem::path& folder) const;

 private:
  explicit Apt(const std::filesystem::path& state);

  std::vector<std::string> options_;
};

}  // namespace ringside::lab
