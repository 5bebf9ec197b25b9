// One way a placement into init_module(2) for a step; what this run has loaded is undone by name.
#include "user/loader/loader.hh"

#include <fcntl.h>
#include <fmt/format.h>

#include <cstring>

#include "user/loader/lock.hh"
#include "user/loader/policy.hh"
#include "user/loader/system.hh"
#include "user/loader/unload.hh"

namespace ringside::loader {
namespace {

// errno's words, and where the number alone misleads, what it means here.
std::string reason_of(int error) {
  std::string text = std::strerror(error);
  if (error == EPERM) text += " (needs CAP_SYS_MODULE; module_blacklist= and lockdown refuse, too)";
  if (error == ENOEXEC) text = "not a module for this kernel";
  return text;
}

bool is_packed(const std::filesystem::path& file) {
  return !file.native().ends_with(".ko");
}

}  // namespace

// `user`'s file has lost its signature by the time that the kernel sees it, unless it is kept; the
// bytes that run are not what was signed either way.
Outcome<std::unique_ptr<Loader>> Loader::create(modules::Kernel& kernel, const Options& options,
                                                Roots roots) {
  auto placement = options.placement;
  bool unsigned_bytes = placement == Placement::kBind || placement == Placement::kUser;
  TRY(may_load(placement, unsigned_bytes, roots));
  std::unique_ptr<Loader> loader(new Loader(options, std::move(roots)));
  if (placement == Placement::kBind || loader->hands_over())
    loader->binder_ = TRY(Binder::create(kernel, loader->roots_));
  if (options.unexported) loader->binder_->allow_unexported();
  if (loader->binder_ && !options.list.empty())
    loader->binder_->use_list(TRY(read_list(options.list, kernel.image().build_id())));
  return loader;
}

bool Loader::hands_over() const {
  return options_.shadow || options_.placement == Placement::kUser ||
         options_.placement == Placement::kKernel;
}

bool Loader::strips() const {
  return options_.placement == Placement::kUser && !options_.keep_signature;
}

// A plain file goes by descriptor, so that IMA and lockdown see a file.
Outcome<int> Loader::place_stock(const Step& step) {
  if (is_packed(step.file)) {
    if (step.verdict.file) return init_module(step.verdict.file->bytes(), step.parameters);
    auto file = TRY(modules::ModuleFile::open(step.file));
    return init_module(file.bytes(), step.parameters);
  }
  UniqueFd fd(open(step.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_failure("open", step.file);
  return finit_module(fd.get(), step.parameters);
}

Outcome<int> Loader::place_bound(const Step& step, Placed& placed) {
  auto lock = take_lock(Sharing::kShared, roots_);
  modules::Linked linked;
  TRY(binder_->open(step, linked));
  auto bound = TRY(binder_->edit(step, linked));
  placed.absolute = bound.absolute, placed.kept = bound.kept, placed.left = bound.left;
  placed.taints = bound.taints;
  if (!binder_->current(step))
    return Failure{fmt::format("{}: a module that it needs was replaced meanwhile", step.name),
                   kNo};
  return init_module(bound.file, step.parameters);
}

// What our side says of the load counts for more than the errno that it gave the kernel.
Failure Loader::handed_failure(const Step& step, const HandedOver& result) const {
  int stays = result.error == 0 ? remove_module(step.name, roots_) : 0;
  if (stays == 0) return {fmt::format("{}: not loaded: {}", step.name, result.failure), kNo};
  return {fmt::format("{}: {}, and it stays loaded: {}", step.name, result.failure,
                      std::strerror(stays)),
          kNo};
}

Outcome<int> Loader::place_handed(const Step& step, Placed& placed) {
  if (!hand_over_) hand_over_ = TRY(HandOver::open());
  modules::Linked linked;
  TRY(binder_->open(step, linked));
  placed.left = binder_->withhold(linked);
  auto file = strips() ? linked.module.signed_file().content : binder_->file();
  if (strips()) placed.taints |= modules::kTaintUnsigned;
  auto mode = options_.shadow                          ? Mode::kShadow
              : options_.placement == Placement::kUser ? Mode::kUser
                                                       : Mode::kKernel;
  auto result = TRY(hand_over_->load(mode, binder_->linker(), linked,
                                     [&] { return init_module(file, step.parameters); }));
  placed.sections = result.sections, placed.bytes = result.bytes;
  if (!result.failure.empty()) return handed_failure(step, result);
  if (mode != Mode::kShadow && result.by == Computer::kKernel) {
    placed.placement = Placement::kStock;
    placed.notes.push_back(
        fmt::format("{}: relocated by the kernel: the hook was not to be had", step.name));
  }
  return result.error;
}

Outcome<int> Loader::place(const Step& step, Placed& placed) {
  placed.taints = step.verdict.taints;
  if (hands_over()) return place_handed(step, placed);
  return options_.placement == Placement::kBind ? place_bound(step, placed) : place_stock(step);
}

void Loader::remember(const Step& step, Placed& placed) {
  auto module = loaded_module(step.name, roots_);
  if (!module) return;  // unloaded again already
  std::error_code error;
  auto file = std::filesystem::absolute(step.file, error);
  auto written = write_record(*module, {placed.placement, file, step.parameters}, roots_);
  if (!written)
    placed.notes.push_back(fmt::format("{}: loaded, but its record was not written: {}", step.name,
                                       written.error().message));
}

Outcome<Placed> Loader::load(const Step& step) {
  Placed placed;
  placed.step = &step, placed.placement = options_.placement;
  KernelLog log;
  auto error = TRY(place(step, placed));
  placed.was_there = error == EEXIST;
  if (error != 0 && error != EEXIST) {
    auto line = log.last_line(step.name);
    return Failure{fmt::format("{}: not loaded: {}{}{}", step.name, reason_of(error),
                               line.empty() ? "" : "; the kernel says: ", line),
                   kNo};
  }
  if (error == 0) remember(step, placed);
  return placed;
}

Failure Loader::undo(const std::vector<Placed>& done, Failure failure) {
  for (auto placed = done.rbegin(); placed != done.rend(); ++placed) {
    if (placed->was_there) continue;
    const auto& name = placed->step->name;
    if (auto error = remove_module(name, roots_))
      failure.message += fmt::format("; {} stays loaded: {}", name, std::strerror(error));
  }
  return failure;
}

Outcome<std::vector<Placed>> Loader::rehearse(const Plan& plan) {
  std::vector<Placed> list;
  if (binder_) binder_->use_files(plan.loaded);
  for (const auto& step : plan.steps) {
    Placed placed;
    placed.step = &step, placed.placement = options_.placement;
    placed.taints = step.verdict.taints;
    if (strips()) placed.taints |= modules::kTaintUnsigned;
    if (options_.placement == Placement::kBind) {
      modules::Linked linked;
      TRY(binder_->open(step, linked));
      auto bound = TRY(binder_->edit(step, linked, true));
      placed.absolute = bound.absolute, placed.kept = bound.kept, placed.left = bound.left;
      placed.taints = bound.taints;
    }
    list.push_back(std::move(placed));
  }
  return list;
}

Outcome<std::vector<Placed>> Loader::run(const Plan& plan) {
  std::vector<Placed> done;
  if (binder_) binder_->use_files(plan.loaded);
  for (const auto& step : plan.steps) {
    auto placed = load(step);
    if (!placed) return undo(done, placed.error());
    done.push_back(*std::move(placed));
  }
  return done;
}

}  // namespace ringside::loader
