// Unexported: may a module of ours be bound to these functions of the kernel, which are not
// exported, so that no CRC vouches for them? The module says what it was compiled against in a
// section of its own (kernel/base/needs.mk): BTF with a struct ringside_needs, in which every
// member is a pointer to a function and bears its name. Each prototype, and the layout of all that
// can be reached from it, must be the kernel's own. A member may also point to an integer variable:
// kernels have no types of variables, and an integer has no layout that could have changed. Faults,
// by stable name:
//
//   unexported-undeclared    the module does not say what it takes the function for
//   unexported-missing       the kernel has no such symbol
//   unexported-ambiguous     several symbols of the kernel bear the name
//   unexported-clone         there are only clones (.isra, .constprop, .part, .cold), whose
//                            arguments are not the prototype's
//   unexported-init          it is thrown away after boot
//   unexported-untyped       no function in the kernel's BTF: nothing to compare with
//   unexported-prototype     another prototype
//   unexported-layout        a struct, union or enum has another layout
//   unexported-unread        the types are damaged, or too many to compare
//
// The licence is the core's matter (core/modules/bind.hh), whatever is found here.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "user/kimage/image.hh"
#include "user/kimage/running.hh"
#include "user/modules/explain.hh"
#include "user/modules/linker.hh"

namespace ringside::modules {

struct UnexportedFunction {
  std::string name;
  std::uint64_t address = 0;      // as linked; 0 where it is refused
  std::optional<Reason> refusal;  // why nothing may be bound to it
};

// One answer a name, in order. `module` is the one that wants them. Fails where the kernel's
// symbols or types cannot be read: then nothing may be bound.
Outcome<std::vector<UnexportedFunction>> check_unexported(const Module& module,
                                                          std::span<const std::string_view> names,
                                                          kimage::Image& kernel);

// The same against the running kernel (kimage/running.hh), without its image. `btf` as
// read_btf gives it.
Outcome<std::vector<UnexportedFunction>> check_unexported(const Module& module,
                                                          std::span<const std::string_view> names,
                                                          const kimage::RunningSymbols& symbols,
                                                          Bytes btf);

// For a module that open() left needs of without an answer: answers those that are functions of the
// kernel, `kernel_offset` above their link addresses, and lets finish() take them. Returns why
// some may not be taken: then the module must not be bound. What the kernel does not have at all
// stays without an answer, which finish() reports.
Outcome<std::vector<Reason>> answer_unexported(Kernel& kernel, std::uint64_t kernel_offset,
                                               Linked& linked);

// The same for functions of modules that are loaded into the running kernel, as `proc` and `sys`
// show them: addresses as kallsyms has them, types from the module's own BTF.
Outcome<std::vector<Reason>> answer_unexported_loaded(Kernel& kernel,
                                                      const std::filesystem::path& proc,
                                                      const std::filesystem::path& sys,
                                                      Linked& linked);

}  // namespace ringside::modules
