// HandOver: the user side of /dev/ringside (include/ringside/uapi/loader.h): one module load in
// which somebody else than the kernel computes the bytes, or in which what the kernel computed is
// compared, byte by byte. The caller's thread is the one that loads (init_module), a second one
// serves the file meanwhile.
//
//   user    the kernel parks the load with its addresses and symbol values; we bind, too, and must
//           agree; we link at those addresses and write every section that has relocations
//   kernel  the core in the kernel relocates; we only ask who did
//   shadow  the kernel relocates and parks the load; we link and compare every section
//
// struct module is in use by then: of .gnu.linkonce.this_module only the words init and exit, which
// relocations fill, are written or compared.
#pragma once

#include <functional>
#include <span>

#include "include/ringside/uapi/loader.h"
#include "user/base/unique_fd.hh"
#include "user/modules/linker.hh"

namespace ringside::loader {

enum class Mode { kUser = RS_LOADER_USER, kKernel = RS_LOADER_KERNEL, kShadow = RS_LOADER_SHADOW };
enum class Computer { kNobody, kUser, kCore, kKernel };  // enum rs_loader_by
const char* computer_name(Computer computer);  // "nobody", "user space", "the core", "the kernel"

struct HandedOver {
  int error = 0;        // what init_module answered, an errno value
  std::string failure;  // why our side failed the load, or what differs; empty where all is well
  Computer by = Computer::kNobody;
  std::uint64_t sections = 0, bytes = 0;  // written or, in shadow mode, compared
};

class HandOver {
 public:
  // Opens the device. Fails, with what to do, where the module is not loaded.
  static Outcome<HandOver> open();

  // Arms, calls `init` (which calls init_module and returns its errno) and serves the load.
  // `linked` is opened and bound (Binder), with no source in answers whose addresses are not known;
  // what it lacks is then taken from the kernel. Where the hook is not to be had, the kernel
  // relocates as ever: `by` is kKernel, and a shadow of it a failure.
  Outcome<HandedOver> load(Mode mode, modules::Linker& linker, modules::Linked& linked,
                           const std::function<int()>& init);

 private:
  explicit HandOver(UniqueFd fd) : fd_(std::move(fd)) {}
  Outcome<bool> arm(Mode mode);
  Outcome<Nothing> serve(Mode mode, modules::Linker& linker, modules::Linked& linked,
                         const std::function<int()>& init, HandedOver& result);
  Computer finish();
  UniqueFd fd_;
};

}  // namespace ringside::loader
