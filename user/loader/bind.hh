// Binder: placement `bind`'s part of a load: the edited file, in which every symbol whose address
// is known for the running kernel is absolute. What stays undefined for the kernel to bind: one
// symbol a provider, so that references are counted, and per-CPU symbols of modules, whose
// addresses sysfs does not have.
//
// The exports of a loaded module are those of its file, at the addresses of its sections in
// /sys/module/NAME/sections; the file must have the loaded module's build-id, and all section
// addresses must fit the file's layout. The address of an export holds as long as that instance of
// the module does: current() says so, and callers ask under the lock that unloading takes.
#pragma once

#include <set>

#include "user/loader/listed.hh"
#include "user/loader/plan.hh"
#include "user/modules/linker.hh"

namespace ringside::loader {

// An edited file on its way, and what is to be said of it.
struct Bound {
  std::vector<std::byte> file;
  std::uint32_t absolute = 0, kept = 0, left = 0;  // symbols; left: for want of an address
  std::uint32_t taints = 0;
};

class Binder {
 public:
  // Borrows `kernel`, which must be the one that runs here.
  static Outcome<std::unique_ptr<Binder>> create(modules::Kernel& kernel, Roots roots = {});

  // Lets modules have functions that are not exported, if they pass unexported.hh's rules.
  void allow_unexported() { unexported_ = true; }
  // Takes the addresses of these modules' sections and per-CPU data, and where their files are,
  // from a list in place of sysfs.
  void use_list(List list) { list_ = std::move(list); }

  // Where the files of loaded modules are that nobody wrote down; those of another build do not
  // count.
  void use_files(Files files) { named_ = std::move(files); }

  // Opens `step`'s file and binds it; nothing is placed yet. `linked` lasts until the next call.
  Outcome<Nothing> open(const Step& step, modules::Linked& linked);
  // Takes back the answers whose addresses are not known here, which leaves them to the kernel.
  // Returns how many.
  std::uint32_t withhold(modules::Linked& linked) const;
  // With `rehearsal`, modules that are not loaded yet count as loaded: such a file is for counting.
  Outcome<Bound> edit(const Step& step, modules::Linked& linked, bool rehearsal = false) const;

  // True while the providers of `step` are the instances that their addresses were read from.
  bool current(const Step& step) const;

  modules::Linker& linker() { return *linker_; }
  Bytes file() const { return file_->bytes(); }  // of the step that was opened last

 private:
  Binder(modules::Kernel& kernel, Roots roots, std::uint64_t offset)
      : kernel_(kernel), roots_(std::move(roots)), offset_(offset), room_(64) {}

  using File = std::shared_ptr<const modules::ModuleFile>;

  Outcome<File> file_of(const std::string& name, const std::filesystem::path& path);
  Outcome<Nothing> add_provider(const std::string& name);
  Outcome<std::filesystem::path> locate(Loaded& module, std::uint64_t& percpu) const;
  Outcome<Nothing> take_unexported(const Step& step, modules::Linked& linked);
  bool has_address(const modules::Answer& answer, std::string_view name) const;

  modules::Kernel& kernel_;
  Roots roots_;
  std::uint64_t offset_;  // bytes that the kernel runs above its link address
  bool unexported_ = false;
  List list_;
  Files named_;
  std::vector<modules::Diagnostic> room_;
  modules::Overlay overlay_;
  std::optional<modules::Linker> linker_;
  File file_;
  std::map<std::string, std::pair<std::filesystem::path, File>> files_;  // that were judged
  std::map<std::string, std::uint64_t> instances_;  // of providers in the overlay
  std::set<std::string, std::less<>> unaddressed_;  // exports without an address
};

// Gives every region of `linked`, the file of `module`, the address that the running kernel shows.
// Fails where the two do not fit. The regions that lie nowhere any more keep theirs.
Outcome<Nothing> place_loaded(const Loaded& module, modules::Linked& linked);

}  // namespace ringside::loader
