// Kernel: what this machine knows of the kernel that a report comes from.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>

#include "core/oops/report.hh"
#include "user/modtree/tree.hh"
#include "user/modules/types.hh"
#include "user/oops/debug_lines.hh"
#include "user/oops/symbols.hh"

namespace ringside::oops {

// Where a kernel's files are. `symbols` is an image, or a System.map or copy of /proc/kallsyms;
// empty where there are types alone, or nothing but the files of modules in `debug`.
struct KernelFiles {
  std::filesystem::path symbols;
  std::filesystem::path modules;  // lib/modules/RELEASE; empty where there is none
  bool is_image = true;
  DebugOptions debug = {};
  std::filesystem::path types = {};  // a file of BTF; empty: the image's own
  std::string release = {};          // where `symbols` does not tell it
  std::string version = {};          // the same: uname -v
};

// The files of the kernel with that release; a Failure says what to install.
using FindKernel = std::function<Outcome<KernelFiles>(const std::string& release)>;

class Kernel {
 public:
  static Outcome<std::shared_ptr<const Kernel>> open(const KernelFiles& files);

  const std::string& source() const { return source_; }  // the file of its symbols, or types
  bool has_symbols() const { return symbols_ != nullptr; }
  const std::string& release() const { return release_; }    // empty where the file does not say
  const std::string& build_id() const { return build_id_; }  // the same
  const std::string& version() const { return version_; }    // uname -v; the same
  const SymbolTable& symbols() const { return *symbols_; }
  // Whether its addresses are those of a kernel that runs, as in /proc/kallsyms.
  bool is_relocated() const { return relocated_; }
  const LineSource& lines() const { return *lines_; }

  // The symbols of module `name`; a Failure says where they were looked for. Opened once.
  Outcome<const SymbolTable*> module(const std::string& name) const;

  // The build-id of its file, lower-case hex; empty where it has none.
  std::string module_build_id(const std::string& name) const;

  // The C prototype of the function `name`, of a module where one is named, by the kernel's BTF;
  // empty where that does not tell. The types are read when they are first asked for.
  std::string prototype(std::string_view name, const std::string& module) const;

 private:
  Kernel() = default;
  Outcome<Nothing> open_symbols(const KernelFiles& files);
  Outcome<std::filesystem::path> module_file(const std::string& name) const;
  void open_types() const;

  std::string source_, release_, build_id_, version_;
  std::filesystem::path types_file_;  // an image, or a file of BTF; empty where there is neither
  bool types_in_image_ = false;
  bool relocated_ = false;
  Table symbols_;
  modtree::Tree tree_;
  std::vector<std::filesystem::path> given_;  // DebugOptions'
  std::unique_ptr<const LineSource> lines_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Outcome<Table>> modules_;
  mutable std::optional<modules::KernelTypes> types_;
  mutable bool types_asked_ = false;
};

// Kernels by release, opened once and kept as long as they are among the last few. Thread-safe.
class Kernels {
 public:
  explicit Kernels(FindKernel find) : find_(std::move(find)) {}
  Outcome<std::shared_ptr<const Kernel>> of(const std::string& release);

 private:
  struct Entry {
    std::string release;
    std::shared_ptr<const Kernel> kernel;
  };

  FindKernel find_;
  std::mutex mutex_;
  std::list<Entry> kernels_;                          // the last one asked for first
  std::unordered_map<std::string, Failure> missing_;  // releases that are not here
};

}  // namespace ringside::oops
