// Whether a module loads on a kernel, and why not; else where it would go: modules IMAGE TREE
// MODULE c++ -std=c++17 modules.cc $(pkg-config --cflags --libs ringside) -o modules
#include <cstdio>
#include <ringside/ringside.hh>

static int fail(const ringside::Problem& problem) {
  std::fprintf(stderr, "%s\n", problem.message.c_str());
  return problem.status;
}

int main(int argc, char** argv) {
  if (argc != 4) return RINGSIDE_USAGE;
  auto modules = ringside::Modules::open(argv[1], argv[2]);
  if (!modules) return fail(modules.error());
  auto verdict = modules->check(argv[3]);
  if (!verdict) return fail(verdict.error());
  for (const auto& reason : verdict->reasons)
    std::printf("%s: %s %s\n", reason.fault.c_str(), reason.what.c_str(), reason.where.c_str());
  if (verdict->answer != RINGSIDE_YES) return verdict->answer;

  verdict->needs.push_back(argv[3]);  // behind all that it needs
  for (const auto& name : verdict->needs) {
    auto link = modules->link(name);
    if (!link) return fail(link.error());
    if (auto problem = link->finish()) return fail(*problem);
    for (const auto& region : link->regions())
      std::printf("%016llx %8llu %s %s\n", static_cast<unsigned long long>(region.address),
                  static_cast<unsigned long long>(region.size), name.c_str(), region.name.c_str());
  }
}
