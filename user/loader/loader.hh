// Loader: a plan carried out. One module after the other; where one fails, those that this run has
// loaded are unloaded in reverse, so that a load happens whole or not at all. What somebody else
// loads meanwhile counts as loaded (as with modprobe), and is not unloaded.
#pragma once

#include "user/loader/bind.hh"
#include "user/loader/handover.hh"

namespace ringside::loader {

struct Options {
  Placement placement = Placement::kStock;
  bool shadow = false;           // the kernel computes, we compare
  bool keep_signature = false;   // `user`: the kernel is to check it
  bool unexported = false;       // `bind`: functions that are not exported, too
  std::filesystem::path list{};  // addresses of loaded modules (listed.hh); empty: from sysfs
};

// What became of one step, or would.
struct Placed {
  const Step* step = nullptr;
  Placement placement = Placement::kStock;
  bool was_there = false;                          // somebody else was faster
  std::uint32_t absolute = 0, kept = 0, left = 0;  // by `bind`
  std::uint64_t sections = 0, bytes = 0;           // by `user` written, by a shadow compared
  std::uint32_t taints = 0;                        // bits of modules::Taint, as predicted
  std::vector<std::string> notes;                  // lines for a person
};

class Loader {
 public:
  // Borrows `kernel`, the running one's.
  static Outcome<std::unique_ptr<Loader>> create(modules::Kernel& kernel, const Options& options,
                                                 Roots roots = {});

  // What run() would do; the kernel is asked for nothing.
  Outcome<std::vector<Placed>> rehearse(const Plan& plan);
  // Fails (kNo) with the module, the reason and the kernel's own words, all undone.
  Outcome<std::vector<Placed>> run(const Plan& plan);

 private:
  Loader(const Options& options, Roots roots) : options_(options), roots_(std::move(roots)) {}
  bool hands_over() const;
  bool strips() const;  // the signature, off the file before the kernel sees it

  Outcome<Placed> load(const Step& step);
  Outcome<int> place(const Step& step, Placed& placed);
  Outcome<int> place_stock(const Step& step);
  Outcome<int> place_bound(const Step& step, Placed& placed);
  Outcome<int> place_handed(const Step& step, Placed& placed);
  Failure handed_failure(const Step& step, const HandedOver& result) const;
  void remember(const Step& step, Placed& placed);
  Failure undo(const std::vector<Placed>& done, Failure failure);

  Options options_;
  Roots roots_;
  std::unique_ptr<Binder> binder_;
  std::optional<HandOver> hand_over_;
};

}  // namespace ringside::loader
