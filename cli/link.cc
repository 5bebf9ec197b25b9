// ringside link: modules linked at addresses, as a kernel would link them. All that the modules
// need goes before them, in an order that loads; each region of each module named is a file.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/link_map.hh"
#include "cli/module_kernel.hh"
#include "core/x86/addresses.hh"
#include "user/base/unique_fd.hh"
#include "user/modules/unexported.hh"

namespace ringside::cli {
namespace {

using modules::Checker;
using modules::Diagnostics;
using modules::Kernel;
using modules::Linked;
using modules::Linker;

struct Options {
  std::vector<std::string> modules, at;
  std::string kernel = "running", output;
  bool map = false, unexported = false;
};

// "core", "ext4.core", "ext4.percpu", "kernel": the address that goes with it.
using Addresses = std::map<std::string, std::uint64_t>;

Outcome<Addresses> parse_addresses(const Options& options) {
  Addresses addresses;
  for (const auto& word : options.at) {
    auto equals = word.find('=');
    auto digits = std::string_view(word).substr(std::min(equals + 1, word.size()));
    if (digits.starts_with("0x")) digits.remove_prefix(2);
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (equals == word.npos || equals == 0 || !whole)
      return Failure{fmt::format("--at {}: expected [MODULE.]REGION=HEX", word), kUsage};
    addresses[word.substr(0, equals)] = value;
  }
  return addresses;
}

// Every name in `addresses` means something on this kernel.
Outcome<Nothing> check_names(const Addresses& addresses, const modules::Rules& rules) {
  for (const auto& [name, address] : addresses) {
    auto region = name.substr(name.rfind('.') + 1);
    bool known = name == "kernel" || region == "percpu";
    for (std::uint32_t index = 0; index < rules.region_count; ++index)
      known |= region == rules.regions[index].name;
    if (known) continue;
    std::string names = "kernel, percpu";
    for (std::uint32_t index = 0; index < rules.region_count; ++index)
      names += fmt::format(", {}", rules.regions[index].name);
    return Failure{
        fmt::format("--at {}: no such region on {} (there are {})", name, rules.series, names),
        kUsage};
  }
  return ok;
}

// What is to be linked, what it needs first.
struct Plan {
  std::vector<std::pair<std::string, std::filesystem::path>> modules;  // name and file, in order
  std::vector<std::string> wanted;                                     // those of the command line
};

class Planner {
 public:
  // `check` is the command that says all that is wrong.
  Planner(const Kernel& kernel, Checker& checker, std::string check)
      : kernel_(kernel), checker_(checker), check_(std::move(check)) {}

  // Checks all `words`; a line for every reason why one cannot be linked.
  Outcome<Plan> plan(const std::vector<std::string>& words) {
    for (const auto& word : words) {
      auto path = TRY(module_path(word, kernel_.tree()));
      TRY(checker_.provide(path));
      paths_.push_back(path);
    }
    for (std::size_t each = 0; each < words.size(); ++each) TRY(check(words[each], paths_[each]));
    for (const auto& verdict : verdicts_) TRY(take(verdict));
    return std::move(plan_);
  }

 private:
  Outcome<Nothing> check(const std::string& word, const std::filesystem::path& path) {
    auto verdict = checker_.check(word, path);
    checker_.check_closure(verdict);
    files_[verdict.name] = path;
    for (const auto& reason : verdict.reasons)
      if (reason.severity <= modules::Severity::kUnsupported)
        return Failure{fmt::format("{}: {} ({} {} says all)", word, to_line(reason), check_, word),
                       verdict.refused ? kNo : kUnknown};
    verdicts_.push_back(std::move(verdict));
    return ok;
  }

  Outcome<Nothing> take(const modules::Verdict& verdict) {
    for (const auto& name : verdict.closure) TRY(append(name));
    plan_.wanted.push_back(verdict.name);
    return append(verdict.name);
  }

  Outcome<Nothing> append(const std::string& name) {
    for (const auto& [known, file] : plan_.modules)
      if (known == name) return ok;
    auto file = files_.find(name);
    plan_.modules.emplace_back(
        name, file != files_.end() ? file->second : TRY(module_path(name, kernel_.tree())));
    return ok;
  }

  const Kernel& kernel_;
  Checker& checker_;
  std::string check_;
  std::vector<std::filesystem::path> paths_;
  std::vector<modules::Verdict> verdicts_;
  std::map<std::string, std::filesystem::path> files_;
  Plan plan_;
};

Outcome<Nothing> write_file(const std::string& name, Bytes content) {
  UniqueFd fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd) return system_failure("create", name);
  while (!content.empty()) {
    auto size = ::write(fd.get(), content.data(), content.size());
    if (size < 0) return system_failure("write", name);
    content = content.subspan(static_cast<std::size_t>(size));
  }
  return ok;
}

// Every module in `addresses` is one of those that are linked.
Outcome<Nothing> check_modules(const Addresses& addresses, const Plan& plan) {
  std::string names;
  for (const auto& [name, file] : plan.modules) names += (names.empty() ? "" : ", ") + name;
  for (const auto& [name, address] : addresses) {
    auto dot = name.rfind('.');
    auto is_it = [module = name.substr(0, dot)](const auto& each) { return each.first == module; };
    if (dot == name.npos || std::any_of(plan.modules.begin(), plan.modules.end(), is_it)) continue;
    return Failure{fmt::format("--at {}: no such module is linked (there are {})", name, names),
                   kUsage};
  }
  return ok;
}

// What lies where: each address is one that the kernel could have chosen, and is taken once.
class Places {
 public:
  Outcome<Nothing> take(const modules::Rules& rules, const Linked& linked) {
    const auto& layout = linked.layout;
    for (std::uint32_t index = 0; index < rules.region_count; ++index)
      TRY(take(regions_, rules.page_size,
               {name_of(linked, rules.regions[index].name), linked.image.address[index],
                layout.regions[index].size}));
    return take(percpu_, std::max<std::uint64_t>(layout.percpu_align, 1),
                {name_of(linked, "percpu"), linked.image.percpu_address, layout.percpu_size});
  }

 private:
  struct Place {
    std::string name;
    std::uint64_t start, size;
  };

  static std::string name_of(const Linked& linked, std::string_view region) {
    return fmt::format("{}.{}", linked.module.name(), region);
  }

  static bool overlap(const Place& a, const Place& b) {
    return a.start < b.start ? b.start - a.start < a.size : a.start - b.start < b.size;
  }

  static Failure refusal(const Place& place, const std::string& what, const std::string& found,
                         const char* advice) {
    return {fmt::format("--at {}={:#x}: {} (found {}); {}", place.name, place.start, what, found,
                        advice),
            kUsage};
  }

  Outcome<Nothing> take(std::vector<Place>& taken, std::uint64_t align, Place place) {
    if (place.size == 0) return ok;
    if (auto rest = place.start % align)
      return refusal(place, fmt::format("expected a multiple of {:#x}", align),
                     fmt::format("{:#x} more", rest), "round it");
    for (const auto& other : taken)
      if (overlap(place, other))
        return refusal(
            place, fmt::format("overlaps: expected {:#x} bytes free", place.size),
            fmt::format("{} at {:#x} to {:#x}", other.name, other.start, other.start + other.size),
            "give each its own by MODULE.REGION=HEX");
    taken.push_back(std::move(place));
    return ok;
  }

  std::vector<Place> regions_, percpu_;
};

// The addresses that --at gives for this module in place of those that place() chose.
void move_regions(const Addresses& addresses, const modules::Rules& rules, Linked& linked) {
  auto apply = [&](std::string_view region, std::uint64_t& address) {
    for (const auto& name :
         {std::string(region), fmt::format("{}.{}", linked.module.name(), region)})
      if (auto given = addresses.find(name); given != addresses.end()) address = given->second;
  };
  for (std::uint32_t index = 0; index < rules.region_count; ++index)
    apply(rules.regions[index].name, linked.image.address[index]);
  apply("percpu", linked.image.percpu_address);
}

Outcome<Nothing> write_image(const Options& options, const modules::Rules& rules,
                             const Linked& linked) {
  auto head = fmt::format("{}.{}", options.output, linked.module.name());
  for (std::uint32_t index = 0; index < rules.region_count; ++index)
    if (!linked.image.memory[index].empty())
      TRY(write_file(fmt::format("{}.{}", head, rules.regions[index].name),
                     linked.image.memory[index]));
  if (auto section = linked.layout.percpu_section)
    TRY(write_file(head + ".percpu", linked.module.object().contents(section)));
  return ok;
}

// Once more, for the addresses: the checker had nothing against it.
Outcome<Nothing> take_unexported(Kernel& kernel, std::uint64_t offset, Linked& linked) {
  auto reasons = TRY(modules::answer_unexported(kernel, offset, linked));
  if (!reasons.empty())
    return Failure{fmt::format("{}: {}", linked.module.name(), to_line(reasons[0])), kNo};
  return ok;
}

Outcome<Nothing> link_all(const Options& options, const Addresses& addresses, Kernel& kernel,
                          const Plan& plan) {
  auto base = addresses.find("kernel");
  auto offset = base == addresses.end() ? 0 : base->second - kKernelText;
  modules::Overlay overlay;
  auto linker = TRY(Linker::create(kernel, overlay, offset));
  std::vector<modules::Diagnostic> room(64);
  modules::Start next;
  Places places;
  for (const auto& [name, path] : plan.modules) {
    auto file = TRY(modules::ModuleFile::open(path));
    Diagnostics diagnostics(room);
    Linked linked;
    auto opened = linker.open(file.bytes(), linked, diagnostics);
    if (!opened) return Failure{describe(opened.error(), path)};
    if (options.unexported) TRY(take_unexported(kernel, offset, linked));
    auto end = linker.place(linked, next);
    if (!end) return Failure{describe(end.error(), path)};
    next = *end;
    move_regions(addresses, kernel.rules(), linked);
    TRY(places.take(kernel.rules(), linked));
    auto finished = linker.finish(linked, diagnostics);
    if (finished) finished = linker.finish_symbols(linked);
    if (!finished) return Failure{describe(finished.error(), path)};
    for (const auto& diagnostic : diagnostics.list())
      if (diagnostic.severity <= modules::Severity::kUnsupported)
        return Failure{fmt::format("{}: {}", name, to_line(explain(diagnostic, &linked.module))),
                       kNo};
    overlay.add(linked.module, linked.exports, linked.values, linked.proprietary);
    if (options.map) print_map(kernel, linked);
    if (std::find(plan.wanted.begin(), plan.wanted.end(), name) != plan.wanted.end())
      TRY(write_image(options, kernel.rules(), linked));
  }
  return ok;
}

Outcome<Nothing> run(const Options& options) {
  auto addresses = TRY(parse_addresses(options));
  auto kernel = TRY(open_module_kernel(options.kernel));
  TRY(check_names(addresses, kernel.rules()));
  auto checker = TRY(Checker::create(kernel, types_of_release, Checker::Signatures::kVerify));
  if (options.unexported) checker->allow_unexported();
  auto check = options.unexported ? "ringside check --unexported" : "ringside check";
  auto plan = TRY(Planner(kernel, *checker, check).plan(options.modules));
  TRY(check_modules(addresses, plan));
  return link_all(options, addresses, kernel, plan);
}

}  // namespace

int link(int argc, char** argv) {
  App app{"Modules linked at addresses, without a kernel that runs.", "ringside link"};
  Options options;
  app.add_option("MODULE", options.modules, "module files, or names in the kernel's tree")
      ->required();
  app.add_option("--kernel,-k", options.kernel, "6.1, 6.12, a package, a release, an image or tree")
      ->capture_default_str();
  app.add_option("--output,-o", options.output,
                 "head of the images' names: IMAGE.MODULE.REGION each")
      ->required();
  app.add_option("--at", options.at,
                 "[MODULE.]REGION=ADDRESS, percpu and kernel (where _text runs) too, comma between")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("--unexported", options.unexported,
               "functions that are not exported, too, where their types are the kernel's");
  app.add_flag("--map", options.map,
               "prints what went where: regions, sections, symbols, and who gave the others");
  app.footer(
      "Example: ringside link loop --kernel 6.1 --at core=0xffffffffc0400000 -o /tmp/image --map\n"
      "Exit status: 0 linked, 1 a module does not load on that kernel, 2 could not tell.");
  return finish(app, argc, argv, [&] { return run(options); });
}

}  // namespace ringside::cli
