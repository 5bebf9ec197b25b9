// The cache is repaired, not trusted: an index that does not open, or is another build's, is made
// again.
#include "user/lines/source_index.hh"

#include <algorithm>

#include "user/base/memory_file.hh"
#include "user/cache/cache.hh"
#include "user/kimage/image.hh"

namespace ringside::lines {

namespace {

// `place` holds `mine` now, or what another thread was faster to put there.
template <class T>
T* settle(std::atomic<T*>& place, std::unique_ptr<T> mine) {
  T* known = nullptr;
  if (place.compare_exchange_strong(known, mine.get(), std::memory_order_acq_rel))
    return mine.release();
  return known;
}

}  // namespace

NameMemo::~NameMemo() {
  for (const auto& each : pages_) {
    std::unique_ptr<Page> page(each.load(std::memory_order_relaxed));
    if (!page) continue;
    for (const auto& name : *page) delete name.load(std::memory_order_relaxed);
  }
}

std::string_view NameMemo::keep(std::uint32_t n, std::string_view name) const {
  auto* page = pages_[n / kPage].load(std::memory_order_acquire);
  if (!page) page = settle(pages_[n / kPage], std::make_unique<Page>());
  return *settle((*page)[n % kPage], std::make_unique<const std::string>(name));
}

Outcome<SourceIndex> SourceIndex::open(const std::filesystem::path& path) {
  SourceIndex opened;
  opened.file_ = std::make_unique<MappedFile>(TRY(MappedFile::open(path)));
  opened.index_ = std::make_unique<LineIndex>();
  auto status = opened.index_->open(opened.file_->bytes());
  if (!status) return Failure{describe(status.error(), path.string())};
  opened.functions_ = std::make_unique<NameMemo>(opened.index_->functions());
  opened.paths_ = std::make_unique<NameMemo>(opened.index_->paths());
  return opened;
}

std::string SourceIndex::build_id() const {
  return kimage::to_hex(index_->build_id());
}

std::optional<SourceIndex> SourceIndex::cached(const std::string& build_id) {
  auto path = cache::index_path(build_id, "lines", kVersion);
  if (!path) return std::nullopt;
  auto opened = open(*path);
  if (!opened || opened->build_id() != build_id) return std::nullopt;
  return std::move(*opened);
}

Outcome<SourceIndex> SourceIndex::of(const DebugFile& file, const Progress& progress) {
  auto build = [&](const std::filesystem::path& target) -> Outcome<Nothing> {
    TRY(build_index_file(file, target, progress));
    return ok;
  };
  if (!file.build_id().empty()) {
    if (auto known = cached(file.build_id())) return std::move(*known);
    auto path = TRY(cache::index_path(file.build_id(), "lines", kVersion));
    (void)cache::discard(path);  // a damaged one
    if (cache::get_or_build(path, build))
      if (auto known = cached(file.build_id())) return std::move(*known);
  }
  auto memory = TRY(MemoryFile::create());
  TRY(build(memory.path()));
  return open(memory.path());
}

std::vector<SourceFrame> SourceIndex::find(std::uint64_t address) const {
  Frames frames;
  std::vector<SourceFrame> found;
  if (!index_->find(address, frames)) return found;
  ksyms::Scratch scratch;
  for (const auto& frame : std::span(frames.items).first(frames.count)) {
    SourceFrame text{{}, {}, frame.line};
    if (frame.function < index_->functions())
      text.function = functions_->get(
          frame.function, [&] { return index_->function_name(frame.function, scratch); });
    if (frame.path < index_->paths())
      text.file = paths_->get(frame.path, [&] { return index_->path_name(frame.path, scratch); });
    found.push_back(text);
  }
  return found;
}

std::vector<SourceFrame> SourceIndex::find(std::string_view section, std::uint64_t offset) const {
  ksyms::Scratch scratch;
  auto address = index_->section_address(section, scratch);
  return address ? find(*address + offset) : std::vector<SourceFrame>();
}

}  // namespace ringside::lines
