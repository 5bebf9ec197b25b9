// A metapackage (linux-image-amd64) depends on exactly one image (linux-image-6.1.0-56-amd64), and
// its name tells the series; headers are found by the release in the image's name, and name their
// common part and kbuild as dependencies. No version is known beforehand.
#include "lab/kernels/resolve.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/kernels/names.hh"

namespace ringside::lab {
namespace {

// What to ask apt for when the user says `name`.
std::vector<std::string> candidates(const std::string& name) {
  auto series = parse_series(name);
  return series ? metapackages(*series) : std::vector<std::string>{name};
}

// The image that `stanza` is or depends on; an empty name where there is none.
Package image_of(const Stanza& stanza) {
  if (!release_of_package(stanza.package.name).empty()) return stanza.package;
  for (const auto& package : parse_depends(stanza.depends))
    if (!release_of_package(package.name).empty()) return package;
  return {};
}

// The paragraph of `name` in `version`, else in its newest version.
const Stanza* pick_version(const std::string& name, const std::string& version,
                           const std::vector<Stanza>& stanzas) {
  const Stanza* best = nullptr;
  for (const auto& stanza : stanzas) {
    if (stanza.package.name != name) continue;
    if (stanza.package.version == version) return &stanza;
    if (!best || compare_versions(best->package.version, stanza.package.version) < 0)
      best = &stanza;
  }
  return best;
}

}  // namespace

Outcome<Nothing> check_fetchable(const std::string& name) {
  if (parse_series(name) || name.starts_with("linux-image-")) return ok;
  return Failure{
      fmt::format("{}: neither a kernel series (6.1, 6.12, 6.1-rt, 6.12-cloud) nor the "
                  "name of a Debian package (linux-image-...)",
                  name)};
}

Outcome<Package> pick_image(const std::string& name, const std::vector<Stanza>& stanzas) {
  auto series = parse_series(name);
  std::string found;
  for (const auto& stanza : stanzas) {
    auto image = image_of(stanza);
    if (image.name.empty()) continue;
    if (!series || series_of(release_of_package(image.name)) == series) return image;
    found += fmt::format("; {} is {}", stanza.package.name, image.name);
  }
  return Failure{fmt::format("{}: the package lists have no such kernel (looked for {}){}", name,
                             fmt::join(candidates(name), ", "), found)};
}

std::vector<Package> pick_headers(const std::string& headers, const std::string& image_version,
                                  const std::vector<Stanza>& stanzas) {
  const auto* stanza = pick_version(headers, image_version, stanzas);
  if (!stanza) return {};
  std::vector<Package> packages = {stanza->package};
  for (auto& package : parse_depends(stanza->depends))
    if (package.name.starts_with("linux-headers-") || package.name.starts_with("linux-kbuild-"))
      packages.push_back(std::move(package));
  return packages;
}

Outcome<Plan> resolve(const Apt& apt, const std::string& name) {
  auto image = TRY(pick_image(name, TRY(apt.show(Versions::kCandidate, candidates(name)))));
  Plan plan;
  plan.release = release_of_package(image.name);
  auto headers = "linux-headers-" + plan.release;
  auto stanzas = TRY(apt.show(Versions::kAll, {image.name, headers}));
  const auto* exact = pick_version(image.name, image.version, stanzas);
  if (!exact)
    return Failure{
        fmt::format("{}: {} {} is not in the package lists", name, image.name, image.version)};
  plan.entry = image.name + "_" + exact->package.version;
  plan.packages = pick_headers(headers, exact->package.version, stanzas);
  plan.packages.insert(plan.packages.begin(), exact->package);
  return plan;
}

}  // namespace ringside::lab
