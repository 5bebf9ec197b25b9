// A checker that trusts what the running kernel trusts, and the loader's planner.
#include "cli/load_plan.hh"

#include "cli/module_kernel.hh"

namespace ringside::cli {
namespace {

using loader::Placement;
using Signatures = modules::Checker::Signatures;

// Verified here where the kernel will not see the signature; else it is the kernel's to verify.
Signatures signatures_of(const loader::Options& options) {
  bool kept = options.placement == Placement::kUser && options.keep_signature;
  bool taken_off = options.placement == Placement::kBind || options.placement == Placement::kUser;
  return taken_off && !kept ? Signatures::kVerify : Signatures::kIdentify;
}

}  // namespace

Outcome<loader::Plan> make_plan(modules::Kernel& kernel, const std::vector<std::string>& words,
                                const loader::Options& options) {
  auto parsed = TRY(loader::parse_words(words));
  auto checker = TRY(modules::Checker::create(kernel, types_of_release, signatures_of(options)));
  if (options.unexported) checker->allow_unexported_loaded();
  checker->trust_platform();
  checker->keep_files();
  bool linked = options.shadow || options.placement != Placement::kStock;
  loader::Planner planner(kernel, *checker, loader::read_config(), linked);
  return planner.plan(parsed);
}

}  // namespace ringside::cli
