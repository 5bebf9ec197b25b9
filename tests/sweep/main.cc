// sweep-modules: every module that stdin names, a line each, is loaded in shadow mode: the kernel
// relocates it, we link it at the same addresses, and every byte is compared before its init runs.
// So a module counts as compared even where its init then finds no device. What it needs goes
// before it and stays loaded; the module itself is unloaded again. Runs in a guest, as one process
// for as many modules as the guest survives: "begin NAME" goes out before a module is touched, so
// that whoever reads knows which one a guest died of (tests/sweep/run). A module whose init does
// not return in time ends the guest.
//
// A result is a line of five fields between tabs: module, outcome (equal, differs, none), sections
// and bytes compared, and what else there is to say (what differs; why there was nothing to
// compare; what its init answered).
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <iostream>
#include <thread>

#include "tests/guest/module.hh"
#include "user/loader/loader.hh"
#include "user/loader/system.hh"

namespace ringside::loader {
namespace {

constexpr int kPatience = 120;  // seconds for one module, under TCG on a busy machine

// Ends the guest where nothing has moved for kPatience.
class Watch {
 public:
  Watch() {
    std::thread([this] { look(); }).detach();
  }
  void moved() { idle_ = 0; }

 private:
  [[noreturn]] void look() {
    for (;; sleep(1))
      if (++idle_ > kPatience) restart();
  }
  // At once: an orderly restart would wait for the device that a stuck init holds.
  static void restart() { std::ofstream("/proc/sysrq-trigger") << 'b'; }
  std::atomic<int> idle_ = 0;
};

void say(const std::string& line) {
  std::cout << line << std::endl;  // at once: the guest may die
}

std::set<std::string> loaded_now() {
  std::set<std::string> names;
  std::ifstream file("/proc/modules");
  for (std::string line; std::getline(file, line);) names.insert(line.substr(0, line.find(' ')));
  return names;
}

std::string one_line(std::string text) {
  for (auto& each : text)
    if (each == '\n' || each == '\t') each = ' ';
  return text;
}

class Sweep {
 public:
  static Outcome<std::unique_ptr<Sweep>> create(modules::Kernel& kernel) {
    auto checker = TRY(modules::Checker::create(kernel, nullptr));
    auto binder = TRY(Binder::create(kernel));
    auto hand_over = TRY(HandOver::open());
    return std::unique_ptr<Sweep>(
        new Sweep(kernel, std::move(checker), std::move(binder), std::move(hand_over)));
  }

  void take(const std::string& name) {
    if (compared_.contains(name)) return;
    say("begin " + name);
    if (auto taken = load(name); !taken) say_none(name, taken.error().message);
    watch_.moved();
  }

 private:
  Sweep(modules::Kernel& kernel, std::unique_ptr<modules::Checker> checker,
        std::unique_ptr<Binder> binder, HandOver hand_over)
      : kernel_(kernel),
        checker_(std::move(checker)),
        binder_(std::move(binder)),
        hand_over_(std::move(hand_over)) {}

  static void say_none(const std::string& name, const std::string& why) {
    say(fmt::format("{}\tnone\t0\t0\t{}", name, one_line(why)));
  }

  // Whatever the kernel has loaded by itself goes, so that it is loaded again to be compared.
  Outcome<Nothing> load(const std::string& name) {
    if (kept_.contains(name)) return Failure{"this guest itself needs it"};
    if (loaded_module(name) && delete_module(name) != 0)
      return Failure{"the kernel has loaded it by itself and it cannot be unloaded"};
    auto plan = TRY(Planner(kernel_, *checker_, {}, true).plan({{name, {}}}));
    if (plan.steps.empty()) return Failure{"nothing to load"};
    for (const auto& step : plan.steps) {
      auto error = TRY(compare(step));
      if (error != 0 && error != EEXIST && step.name != name)
        return Failure{fmt::format("needs {}: {}", step.name, std::strerror(error))};
    }
    (void)delete_module(name);  // some cannot be unloaded
    return ok;
  }

  // What init_module answered. Fails where no byte was compared.
  Outcome<int> compare(const Step& step) {
    modules::Linked linked;
    TRY(binder_->open(step, linked));
    binder_->withhold(linked);
    auto result = TRY(hand_over_.load(Mode::kShadow, binder_->linker(), linked,
                                      [&] { return init_module(binder_->file(), ""); }));
    auto init = result.error ? std::string("init: ") + std::strerror(result.error) : "";
    if (result.sections == 0 && result.failure.empty())
      return Failure{fmt::format("{} was not handed over; {}", step.name, init)};
    compared_.insert(step.name);
    bool equal = result.failure.empty();
    say(fmt::format("{}\t{}\t{}\t{}\t{}", step.name, equal ? "equal" : "differs", result.sections,
                    result.bytes, one_line(equal ? init : result.failure)));
    return result.error;
  }

  modules::Kernel& kernel_;
  std::unique_ptr<modules::Checker> checker_;
  std::unique_ptr<Binder> binder_;
  HandOver hand_over_;
  std::set<std::string> compared_, kept_ = loaded_now();
  Watch watch_;
};

Outcome<Nothing> run() {
  auto kernel = TRY(modules::Kernel::open_listed(TRY(kimage::Image::open_running()),
                                                 "/lib/modules/" + guest::release()));
  auto sweep = TRY(Sweep::create(kernel));
  for (std::string name; std::getline(std::cin, name);) sweep->take(name);
  return ok;
}

}  // namespace
}  // namespace ringside::loader

int main() {
  if (!ringside::guest::load("ringside_loader")) {
    fmt::print(stderr, "sweep-modules: ringside_loader.ko cannot be loaded\n");
    return 2;
  }
  auto done = ringside::loader::run();
  if (!done) fmt::print(stderr, "sweep-modules: {}\n", done.error().message);
  return done ? 0 : 2;
}
