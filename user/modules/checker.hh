// Checker: will these modules load on that kernel? All that is wrong at once, in words, and what
// loading would cost. Faults besides the core's (core/modules/fault.hh), by stable name:
//
//   file-unreadable        unsupported  the file cannot be read or unpacked
//   out-of-memory          unsupported  larger than can be checked here
//   module-tree-missing    unsupported  symbols may come from modules, but the kernel has no tree
//   dependency-refused     refused      a module that it needs does not load
//   dependency-unknown     unsupported  a module that it needs could not be judged
//   dependency-cycle       refused      it needs itself
//   unknown-signer         taints       signed with a key that the kernel's image does not hold
//   signature-wrong        refused      its signature is not one over its content
//   signature-malformed    refused      what is appended is no PKCS#7 signature as kernels want it
//   depends-differs        note         a provider that depends= in .modinfo does not name
//   depends-absent         note         depends= names a module that is nowhere; nothing misses it
//   dep-file-differs       note         modules.dep says something else than the symbols
//   unexported-...         refused      unexported.hh; unexported-untold where it cannot be told
//   name-taken             refused      code that is built in has the name in /sys/module
//   name-perhaps-taken     unsupported  code that is built in has the name, and may have made that
//                                       folder for a driver
//   static-call            refused      a static call site whose key is code without one
//   parameter-twice        refused      two parameters of one name
//   parameter-type         note         a parameter of a type that neither kernel nor module has
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "user/modtree/closure.hh"
#include "user/modules/explain.hh"
#include "user/modules/linker.hh"
#include "user/modules/module_file.hh"
#include "user/modules/suggest.hh"
#include "user/modules/tree_signatures.hh"
#include "user/modules/types.hh"
#include "user/signature/keyring.hh"

namespace ringside::modules {

struct RegionMemory {
  std::string name;
  bool init = false;  // freed after initialisation
  std::uint64_t bytes = 0, rounding = 0;
};

struct Double {
  std::string symbol, module;
};

struct Verdict {
  std::string label;  // what the user calls the file
  std::string name;   // what the kernel calls the module; empty where it could not be opened
  std::vector<Reason> reasons;
  std::uint64_t unlisted = 0;  // reasons beyond those listed
  bool refused = false;        // it does not load
  bool unknown = false;        // could not tell
  std::uint32_t taints = 0;
  std::optional<signature::Verdict> signature;  // no value: none
  std::vector<RegionMemory> memory;
  std::uint64_t percpu_bytes = 0;
  std::vector<std::string> providers;  // modules that it takes symbols from, sorted
  std::vector<Double> doubles;         // what it exports that other modules do, too
  std::vector<std::string> closure;    // all modules that go before it, in an order that loads

  std::shared_ptr<const ModuleFile> file;  // what was judged; only where files are kept

  bool loads() const { return !refused && !unknown; }
};

// The types of the kernel with that release, if it is to be had: where a module was built.
using TypesOf = std::function<std::shared_ptr<KernelTypes>(const std::string& release)>;

class Checker {
 public:
  // What is done about signatures. To verify one takes longer than all the rest of a check, so for
  // kTree those of the tree's files are verified once (tree_signatures.hh).
  enum class Signatures { kIdentify, kVerify, kTree };

  // Borrows `kernel`.
  static Outcome<std::unique_ptr<Checker>> create(Kernel& kernel, TypesOf types_of,
                                                  Signatures signatures = Signatures::kVerify);

  // Lets the modules that are checked take symbols from `file`, too.
  Outcome<Nothing> provide(const std::filesystem::path& file);

  // Lets modules have functions that are not exported, if they pass unexported.hh's rules.
  void allow_unexported() { unexported_ = true; }
  // The same for functions of modules that are loaded here; `kernel` is the one that runs.
  void allow_unexported_loaded() { unexported_ = unexported_loaded_ = true; }
  // Leaves in each verdict the file that it is about, open: who goes on with it need not unpack it
  // again, and has no other file that came in its place since.
  void keep_files() { keeps_files_ = true; }
  // Trusts the keys of this machine's UEFI, as the kernel that runs here does.
  void trust_platform() { keyring_.add_platform(); }

  // Judges the module in `file`. What it needs from other modules counts as there.
  Verdict check(const std::string& label, const std::filesystem::path& file);
  // Adds whether modules that are loaded before it export what it does.
  void judge_doubles(Verdict& verdict);
  // The same, and judges the modules that it needs, directly or not, and what that means for it.
  void check_closure(Verdict& verdict);
  // After check_closure: adds a note where the tree's modules.dep says something else.
  void compare_dep_file(Verdict& verdict);

 private:
  // What there is to know of a module for those that need it.
  struct Known {
    bool refused = false, unknown = false;
    std::vector<std::string> providers;
    std::vector<Double> doubles;
    std::uint64_t percpu_bytes = 0;
  };

  Checker(Kernel& kernel, TypesOf types_of, Signatures signatures, signature::Keyring keyring,
          std::vector<Diagnostic> room)
      : kernel_(kernel),
        types_of_(std::move(types_of)),
        signatures_(signatures),
        keyring_(std::move(keyring)),
        room_(std::move(room)) {}

  void judge(Bytes file, const std::filesystem::path& path, Verdict& verdict);
  Result<Nothing> run(Bytes file, Linked& linked, Diagnostics& diagnostics, Verdict& verdict);
  std::filesystem::path file_of(const std::string& name) const;
  bool is_proprietary(const std::string& name);
  Result<Nothing> inherit_taints(Bytes file, Linked& linked);
  void name_unexported(Linked& linked);
  void take_unexported(Linked& linked, Verdict& verdict);
  void take_reasons(const Linked& linked, const Diagnostics& diagnostics, Verdict& verdict);
  std::vector<std::string> absent_dependencies(const Module& module) const;
  void explain_unresolved(const std::vector<std::string>& absent, bool first, Reason& reason,
                          std::string_view name);
  const Suggestions& suggestions();
  void explain_crc(const Linked& linked, Reason& reason, const Diagnostic& diagnostic);
  KernelTypes* own_types();
  KernelTypes* types_where_built(const Linked& linked);
  signature::Verdict judge_signature(const SignedFile& file,
                                     const std::filesystem::path& path) const;
  void take_signature(const Linked& linked, const std::filesystem::path& path, Verdict& verdict);
  void take_name(Verdict& verdict);
  void take_memory(const Linked& linked, Verdict& verdict);
  void take_providers(const Linked& linked, Verdict& verdict);
  void note_absent(const Module& module, Verdict& verdict);
  void take_doubles(const Linked& linked, Verdict& verdict) const;
  bool is_needed(const std::string& name, const std::string& by);
  bool comes_before(const Double& other, const std::string& name);
  void judge_closure(Verdict& verdict);
  void judge_percpu(Verdict& verdict);
  void record(const Verdict& verdict, const std::filesystem::path& file);
  const Known& known(const std::string& name);

  Kernel& kernel_;
  TypesOf types_of_;
  Signatures signatures_;
  signature::Keyring keyring_;
  std::optional<TreeSignatures> tree_signatures_;  // for kTree
  std::vector<Diagnostic> room_;
  bool unexported_ = false, unexported_loaded_ = false, keeps_files_ = false;
  bool any_proprietary_ = false;  // by its licence, of the tree and of what is given
  Overlay overlay_;
  std::optional<Linker> linker_;
  std::map<std::string, std::filesystem::path> given_;  // by module name
  std::map<std::string, Known> known_;                  // by module name
  std::map<std::string, bool> proprietary_;             // by module name
  std::optional<Suggestions> suggestions_;
  std::optional<std::shared_ptr<KernelTypes>> types_;  // the kernel's own, once asked for
  std::map<std::string, std::shared_ptr<KernelTypes>> other_types_;  // by release
};

}  // namespace ringside::modules
