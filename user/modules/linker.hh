// Linker: one module after the other through the core's steps (open, lay out, bind, relocate)
// against one kernel, in memory that is used again; what only a large one needed is given back.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/modules/link.hh"
#include "user/modules/kernel.hh"
#include "user/modules/scratch.hh"

namespace ringside::modules {

constexpr std::uint64_t kPercpuBase = 0x4'0000;  // an offset as modules' per-CPU data get them

// Exports of modules that are given besides the kernel's tree. One that bears the name of a module
// in the tree stands in its place.
class Overlay {
 public:
  // `values` has one a symbol (final addresses), or is empty where they are not known. Whoever
  // takes symbols from a `proprietary` module is so itself; its licence alone does not tell.
  void add(const Module& module, std::span<const OwnExport> exports,
           std::span<const std::uint64_t> values, bool proprietary);

  bool empty() const { return modules_.empty(); }
  bool has_module(std::string_view name) const { return modules_.contains(std::string(name)); }
  // The export of that name by another module than `besides`; nullptr where there is none.
  const Answer* find(std::string_view name, std::string_view besides) const;
  // Every name that is exported, and the modules that do.
  const auto& answers() const { return answers_; }

 private:
  std::deque<std::string> texts_;
  std::unordered_set<std::string> modules_;
  std::unordered_map<std::string_view, std::vector<Answer>> answers_;  // one a provider
};

// Where a module goes unless it is told otherwise.
struct Start {
  std::uint64_t address = kModuleArea, percpu = kPercpuBase;
};

// One module on its way. All spans lie in the Linker's memory and in the file, until the next
// open().
struct Linked {
  Module module;
  Layout layout;
  std::span<const Need> needs;
  std::span<Answer> answers;  // one a need
  std::span<const OwnExport> exports;
  std::span<std::uint64_t> addresses;  // one a section
  std::span<std::uint64_t> values;     // one a symbol
  Image image;
  BindOptions options;  // for finish()
  std::uint64_t relocations = 0;
  std::uint32_t taints = 0;  // bits of Taint
  bool proprietary = false;  // by its licence; after finish(), by that of a provider, too
};

class Linker {
 public:
  // Borrows both. `kernel_offset`: bytes that the kernel runs above its link address.
  static Outcome<Linker> create(const Kernel& kernel, const Overlay& overlay,
                                std::uint64_t kernel_offset = 0);

  // Opens `file`, lays it out and finds an answer for each of its needs. An Error where there is no
  // view of the module at all.
  Result<Nothing> open(Bytes file, Linked& linked, Diagnostics& diagnostics);

  // Gives every region of `linked` memory, and an address behind the one before from `start` on;
  // per-CPU data, too. Returns where the next module may start. An Error where memory is too small.
  Result<Start> place(Linked& linked, Start start = {});

  // Binds, judges the exports, relocates; addresses are those in linked.image.
  Result<Nothing> finish(Linked& linked, Diagnostics& diagnostics);
  // After finish(), for who wants the whole image: the symbol table and its strings, too.
  Result<Nothing> finish_symbols(const Linked& linked);

  // Where an export comes from, as Linked::answers has it; no source where there is none.
  Answer find(const Need& need, std::string_view besides) const;

 private:
  Linker(const Kernel& kernel, const Overlay& overlay, std::uint64_t offset, Scratch arena,
         Scratch images)
      : kernel_(kernel),
        overlay_(overlay),
        offset_(offset),
        arena_(std::move(arena)),
        images_(std::move(images)) {}

  Answer answer_of(const IndexedExport& found) const;
  Result<Nothing> answer_all(Linked& linked, Arena& arena) const;
  Result<Nothing> judge(Linked& linked, Diagnostics& diagnostics);
  bool is_visible(const IndexedExport& found, std::string_view besides) const;

  const Kernel& kernel_;
  const Overlay& overlay_;
  std::uint64_t offset_;
  Scratch arena_, images_;
  std::uint64_t arena_used_ = 0, images_used_ = 0;  // bytes from the front
};

}  // namespace ringside::modules
