// Symbols first, which tell how far the kernel runs above its link address; then the hook, so that
// what takes long is waited for armed; then lines; then the modules, each with where it is. A
// module that is loaded or goes while its table is under way is seen by comparing the kernel's word
// before and after.
#include "user/armed/arm.hh"

#include <fmt/format.h>

#include <set>

#include "user/armed/module_table.hh"
#include "user/ksyms/symbols.hh"
#include "user/modules/types.hh"

namespace ringside::armed {
namespace {

constexpr auto kPrinter = "__show_trace_log_lvl";
// As kernel/oops/hook.c calls it.
constexpr auto kPrototype =
    "void __show_trace_log_lvl(struct task_struct *task, struct pt_regs *regs, long unsigned int "
    "*stack, const char *log_lvl)";

class Arming {
 public:
  Arming(Device& device, modules::Kernel& kernel, const Choice& choice)
      : device_(device), kernel_(kernel), choice_(choice) {}

  Outcome<Coverage> run() {
    TRY(check_printer());
    auto symbols = TRY(ksyms::Symbols::open(kernel_.image()));
    TRY(device_.take_symbols(symbols.table().bytes()));
    TRY(device_.arm(true));
    if (choice_.lines) {
      take_lines();
      TRY(take_modules());
    }
    return std::move(coverage_);
  }

 private:
  Outcome<Nothing> check_printer() {
    modules::KernelTypes types(TRY(modules::Types::open(kernel_.image())), kernel_.tree());
    const auto* declaring = types.declaring(kPrinter, "");
    auto found = declaring ? declaring->declaration(kPrinter) : std::nullopt;
    if (found && *found == kPrototype) return ok;
    return Failure{
        fmt::format("{}: {}, expected {}", kPrinter,
                    found ? *found : "the kernel's types have no such function", kPrototype),
        kNo};
  }

  void take_lines() {
    auto lines = lines::find_lines({kernel_.release(), kernel_.build_id(), {}}, choice_.places,
                                   choice_.progress);
    auto taken = lines ? device_.take_lines(lines->index().bytes()) : lines.error();
    if (!taken) coverage_.missing.push_back("vmlinux: " + taken.error().message);
  }

  std::filesystem::path file_of(const std::string& module) const {
    if (auto given = lines::given_module(module, choice_.places.given)) return *given;
    const auto* file = kernel_.tree().find(module);
    return file ? kernel_.tree().path_of(*file) : std::filesystem::path();
  }

  Outcome<Nothing> take_modules() {
    std::set<std::string> names;
    for (const auto& loaded : TRY(loader::loaded_modules())) names.insert(loaded.name);
    if (choice_.modules == Modules::kAll) {
      for (const auto& file : kernel_.tree().files()) names.insert(file.name);
      for (const auto& [name, file] : lines::given_modules(choice_.places.given))
        names.insert(name);
    }
    for (const auto& name : names) TRY(take_module(name, file_of(name)));
    if (coverage_.without > 0)
      coverage_.missing.push_back(fmt::format("no source lines of {} of {} modules; the first: {}",
                                              coverage_.without,
                                              coverage_.without + coverage_.modules, first_));
    return ok;
  }

  void lacks(std::string why) {
    if (coverage_.without++ == 0) first_ = std::move(why);
  }

  // A Failure where the kernel takes no more, whatever it is.
  Outcome<Nothing> take_module(const std::string& name, const std::filesystem::path& file) {
    if (file.empty()) {
      lacks(name + ": its file is not in the tree");
      return ok;
    }
    auto table = ModuleTable::make(kernel_, file, choice_.places, choice_.progress);
    if (!table) {
      lacks(table.error().message);
      return ok;
    }
    auto taken = hand_over(*table);
    if (!taken && taken.error().status != kNo) return taken.error();
    if (taken)
      ++coverage_.modules;
    else
      lacks(name + ": " + taken.error().message);
    return ok;
  }

  Outcome<Nothing> hand_over(ModuleTable& table) {
    for (int tries = 0;; ++tries) {
      auto before = loader::loaded_module(table.name());
      table.displace();
      if (before) loader::read_sections(*before);
      if (before) TRY(table.place(*before));
      auto taken = device_.take_module(table.about(), table.lines(), table.parts());
      auto after = loader::loaded_module(table.name());
      bool same = before.has_value() == after.has_value() &&
                  (!before || before->instance == after->instance);
      if (same || tries == 2) return taken;
    }
  }

  Device& device_;
  modules::Kernel& kernel_;
  const Choice& choice_;
  Coverage coverage_;
  std::string first_;
};

}  // namespace

Outcome<Coverage> arm(Device& device, modules::Kernel& kernel, const Choice& choice) {
  return Arming(device, kernel, choice).run();
}

}  // namespace ringside::armed
