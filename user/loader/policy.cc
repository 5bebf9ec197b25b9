// modules_disabled stands against every placement; what insists on signatures only against files
// that have lost theirs.
#include "user/loader/policy.hh"

#include <fmt/format.h>

#include "user/loader/small_file.hh"

namespace ringside::loader {

// "none [integrity] confidentiality": the one in brackets holds.
std::string signature_enforcer(const Roots& roots) {
  auto enforce = roots.sys / "module/module/parameters/sig_enforce";
  if (read_word(enforce) == "Y") return "module.sig_enforce is set";
  auto lockdown = read_word(roots.sys / "kernel/security/lockdown");
  auto start = lockdown.find('['), end = lockdown.find(']');
  if (start == lockdown.npos || end == lockdown.npos || end < start) return {};
  auto level = lockdown.substr(start + 1, end - start - 1);
  return level == "none" ? std::string() : fmt::format("kernel lockdown is \"{}\"", level);
}

Outcome<Nothing> may_load(Placement placement, bool edited, const Roots& roots) {
  if (read_word(roots.proc / "sys/kernel/modules_disabled") == "1")
    return Failure{"this kernel loads no modules any more (kernel.modules_disabled is 1)", kNo};
  auto enforcer = edited ? signature_enforcer(roots) : std::string();
  if (enforcer.empty()) return ok;
  return Failure{
      fmt::format("--placement={}: takes the signature off, which this kernel insists on "
                  "({}); use --placement=stock",
                  placement_name(placement), enforcer),
      kNo};
}

}  // namespace ringside::loader
