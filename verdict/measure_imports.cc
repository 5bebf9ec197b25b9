// verdict-imports: what kernels say of the symbols that a service's modules import, as results.
//   verdict-imports SPEC MODULES KERNEL...   MODULES/RELEASE/NAME.ko are the modules
// A service whose modules are not built is left out, with a line on stderr.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/finish.hh"
#include "lab/kernels/kernels.hh"
#include "user/bench/results.hh"
#include "verdict/imports.hh"

namespace {

using namespace ringside;
using Symbols = std::set<std::string>;

Outcome<Symbols> imported_for(const verdict::Service& service, const std::string& folder) {
  Symbols symbols;
  for (const auto& module : service.modules)
    symbols.merge(TRY(verdict::imported_by(fmt::format("{}/{}.ko", folder, module))));
  return symbols;
}

bench::Measure measure_of(const verdict::Row& row) {
  return {row.placement, row.operation, row.metric, row.unit, row.parameters, {row.median}};
}

Outcome<Nothing> ask(const verdict::Service& service, bench::Context context,
                     const std::vector<lab::Kernel>& kernels, const std::string& modules) {
  std::vector<Symbols> imported;
  Symbols all;
  for (const auto& kernel : kernels) {
    imported.push_back(TRY(imported_for(service, modules + "/" + kernel.release)));
    all.insert(imported.back().begin(), imported.back().end());
  }
  for (std::size_t each = 0; each < kernels.size(); ++each) {
    auto answers =
        TRY(verdict::ask_kernel(kernels[each].image, all, imported[each], context.kernel));
    context.service = service.name;
    auto row = verdict::imports_row(service.name, context.kernel, answers, context.command);
    fmt::print("{}\n", bench::to_json(context, measure_of(row)).dump());
  }
  return ok;
}

Outcome<Nothing> run(int argc, char** argv) {
  auto spec = TRY(verdict::read_spec(argv[1]));
  auto context = bench::this_context("verdict", argc, argv);
  std::vector<lab::Kernel> kernels;
  for (int each = 3; each < argc; ++each) kernels.push_back(TRY(lab::find_kernel(argv[each])));
  for (const auto& service : spec.services) {
    auto done = ask(service, context, kernels, argv[2]);
    if (!done) cli::report(done.error(), "verdict-imports: left out: " + service.name);
  }
  return ok;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return cli::report({"SPEC MODULES KERNEL...", kUsage}, "verdict-imports");
  auto done = run(argc, argv);
  return done ? kYes : cli::report(done.error(), "verdict-imports");
}
