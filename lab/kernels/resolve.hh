// From a kernel's name to the Debian packages that hold it.
#pragma once

#include <string>
#include <vector>

#include "lab/kernels/apt.hh"

namespace ringside::lab {

// What to download for one kernel.
struct Plan {
  std::string release;
  std::string entry;              // its name in the cache: PACKAGE_VERSION of the image
  std::vector<Package> packages;  // the image first; then headers, common headers, kbuild
};

// A failure where `name` is neither a series nor the name of an image package.
Outcome<Nothing> check_fetchable(const std::string& name);

// The image that `name` leads to, out of the paragraphs of its candidates: the package itself, or
// what a metapackage depends on; of a series, only an image of that series.
Outcome<Package> pick_image(const std::string& name, const std::vector<Stanza>& stanzas);

// `headers`, one of its versions (the image's, or else the newest), and the common headers and
// kbuild that it depends on; nothing where there is none of that name.
std::vector<Package> pick_headers(const std::string& headers, const std::string& image_version,
                                  const std::vector<Stanza>& stanzas);

// Asks `apt` for what `name` takes.
Outcome<Plan> resolve(const Apt& apt, const std::string& name);

}  // namespace ringside::lab
