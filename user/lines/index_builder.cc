// Threads take the next unit from one counter, each with lists of its own; the index comes out the
// same whoever took which. The first thread is the caller's, and tells the progress.
#include "user/lines/index_builder.hh"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <optional>
#include <thread>

#include "core/dwarf/collect.hh"
#include "user/base/reserved_memory.hh"
#include "user/kimage/image.hh"

namespace ringside::lines {
namespace {

constexpr auto kWhat = "memory for a line index";

// What is shared by the threads of one build.
struct Job {
  const DebugFile& file;
  std::vector<dwarf::UnitHeader> units;
  std::vector<dwarf::Range> code;
  std::atomic<std::size_t> next = 0, done = 0, skipped = 0;
};

// One thread's memory and results. Address space is free, so there is plenty of it: an entry of
// debug information becomes at most some eight times its size.
class Worker {
 public:
  static Outcome<Worker> make(Job& job) {
    constexpr std::size_t kParts = 5, kScratchParts = 15, kLeast = 16u << 20;
    auto size = job.file.sections().info.size() + job.file.sections().line.size();
    auto memory = TRY(ReservedMemory::take(kParts * (kLeast + 8 * size), kWhat));
    auto scratch = TRY(ReservedMemory::take(kScratchParts * (kLeast + 4 * size), kWhat));
    return Worker(job, std::move(memory), std::move(scratch));
  }

  void run(const Progress& progress) {
    dwarf::Collector collector(job_->file.sections(), job_->code, scratch_.span(), code_);
    auto total = job_->file.sections().info.size();
    for (std::size_t at; (at = job_->next++) < job_->units.size();) {
      const auto& unit = job_->units[at];
      auto read = collector.read(unit);
      if (!read) {
        ++job_->skipped;
        if (!error_) error_ = read.error();
      }
      auto done = job_->done += unit.end - unit.offset;
      if (progress) progress(done, total);
    }
  }

  const dwarf::Code& code() const { return code_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  Worker(Job& job, ReservedMemory memory, ReservedMemory scratch)
      : job_(&job),
        memory_(std::move(memory)),
        scratch_(std::move(scratch)),
        code_(memory_.span()) {}

  Job* job_;
  ReservedMemory memory_, scratch_;
  dwarf::Code code_;
  std::optional<Error> error_;  // of the first unit that could not be read
};

Outcome<Nothing> list_units(Job& job) {
  auto info = job.file.sections().info;
  for (std::uint64_t at = 0; at < info.size();) {
    auto unit = dwarf::read_unit_header(info, at);
    if (!unit) return Failure{describe(unit.error(), job.file.source())};
    job.units.push_back(*unit);
    at = unit->end;
  }
  return ok;
}

Outcome<std::vector<Worker>> read_units(Job& job, const Progress& progress) {
  auto count = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 64);
  count = std::min(count, job.units.size() / 4 + 1);
  std::vector<Worker> workers;
  for (std::size_t i = 0; i < count; ++i) workers.push_back(TRY(Worker::make(job)));
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < count; ++i)
    threads.emplace_back([&worker = workers[i]] { worker.run({}); });
  workers[0].run(progress);
  for (auto& thread : threads) thread.join();
  return workers;
}

Outcome<Nothing> write(Bytes index, const std::filesystem::path& target) {
  std::ofstream file(target, std::ios::binary);
  file.write(reinterpret_cast<const char*>(index.data()),
             static_cast<std::streamsize>(index.size()));
  file.close();
  return file ? Outcome<Nothing>(ok) : system_failure("write", target.string());
}

// The index of the job's units, to `target`.
Outcome<Built> build(Job& job, const std::filesystem::path& target, const Progress& progress) {
  const auto& file = job.file;
  for (const auto& section : file.code())
    job.code.push_back({section.address, section.address + section.size});
  auto workers = TRY(read_units(job, progress));
  std::vector<dwarf::Code> codes;
  std::size_t segments = 0, names = 0;
  for (const auto& worker : workers) {
    codes.push_back(worker.code());
    segments += worker.code().segments.size();
    names += worker.code().functions.size() + worker.code().paths.size();
    if (job.skipped == job.units.size() && worker.error())
      return Failure{describe(*worker.error(), file.source())};
  }
  constexpr std::size_t kLeast = 64u << 20, kSegment = 256, kName = 4096;
  auto memory = TRY(ReservedMemory::take(kLeast + segments * kSegment + names * kName, kWhat));
  Arena arena(memory.span());
  auto id = kimage::from_hex(file.build_id());
  auto index = build_index(codes, file.code(), id ? Bytes(*id) : Bytes(), arena);
  if (!index) return Failure{describe(index.error(), file.source())};
  TRY(write(*index, target));
  return Built{index->size(), job.units.size(), job.skipped};
}

}  // namespace

Outcome<Built> build_index_file(const DebugFile& file, const std::filesystem::path& target,
                                const Progress& progress) {
  Job job{file, {}, {}};
  TRY(list_units(job));
  return build(job, target, progress);
}

Outcome<Built> build_unit_index(const DebugFile& file, std::uint64_t offset,
                                const std::filesystem::path& target) {
  Job job{file, {}, {}};
  auto unit = dwarf::read_unit_header(file.sections().info, offset);
  if (!unit) return Failure{describe(unit.error(), file.source())};
  job.units.push_back(*unit);
  return build(job, target, {});
}

}  // namespace ringside::lines
