// ringside oops index: line indexes made ahead, where reports come by the thousand or a machine has
// the debug packages for a while only.
#include "cli/oops_index.hh"

#include <fmt/format.h>

#include "cli/progress.hh"
#include "lab/kernels/kernels.hh"
#include "user/cache/cache.hh"
#include "user/kimage/image.hh"
#include "user/ksyms/symbols.hh"
#include "user/lines/debug_places.hh"

namespace ringside::cli {
namespace {

// Of a debug file, or of a kernel by any of its names.
Outcome<lines::DebugFile> debug_file_of(const std::string& word,
                                        const std::vector<std::filesystem::path>& given) {
  if (auto file = lines::DebugFile::open(word)) return file;
  auto kernel = TRY(lab::find_kernel(word));
  auto image = TRY(kimage::Image::open(kernel.image));
  TRY(ksyms::Symbols::open(image));  // a report asks for both
  return lines::find_debug_file({image.release(), image.build_id(), {}}, {.given = given});
}

Outcome<Nothing> index_one(const std::string& word,
                           const std::vector<std::filesystem::path>& given) {
  auto file = TRY(debug_file_of(word, given));
  if (file.build_id().empty())
    return Failure{file.source() + ": has no build-id, by which its index would be found"};
  auto index = TRY(lines::SourceIndex::of(file, progress_bar("indexing " + word)));
  auto path = TRY(cache::index_path(file.build_id(), "lines", lines::kVersion));
  fmt::print("{}\t{}\t{}\n", file.build_id(), index.index().bytes().size(), path.native());
  return ok;
}

}  // namespace

Outcome<Nothing> index_lines(const std::vector<std::string>& words,
                             const std::vector<std::filesystem::path>& given) {
  for (const auto& word : words) TRY(index_one(word, given));
  return ok;
}

}  // namespace ringside::cli
