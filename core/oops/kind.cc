// The names of the kinds, in the order of the enumeration.
#include "core/oops/line.hh"

namespace ringside::oops {
namespace {

struct Names {
  std::string_view name, title;
};

constexpr Names kNames[] = {
    {"trace", "stack trace"},
    {"null-dereference", "null pointer dereference"},
    {"page-fault", "bad memory access"},
    {"protection-fault", "general protection fault"},
    {"bug", "kernel BUG"},
    {"oops", "oops"},
    {"double-fault", "double fault"},
    {"stack-overflow", "stack overflow"},
    {"warning", "warning"},
    {"kasan", "KASAN: bad memory access"},
    {"kfence", "KFENCE: bad memory access"},
    {"kcsan", "KCSAN: data race"},
    {"kmsan", "KMSAN: uninitialised memory"},
    {"ubsan", "UBSAN: undefined behaviour"},
    {"lockdep", "lockdep: wrong locking"},
    {"rcu-usage", "wrong use of RCU"},
    {"atomic-sleep", "sleeping in atomic context"},
    {"spinlock", "spinlock misuse"},
    {"slab", "damaged slab memory"},
    {"bad-page", "bad page state"},
    {"list-corruption", "list corruption"},
    {"hung-task", "hung task"},
    {"rcu-stall", "RCU stall"},
    {"soft-lockup", "soft lockup"},
    {"hard-lockup", "hard lockup"},
    {"workqueue-lockup", "workqueue lockup"},
    {"allocation", "memory allocation failure"},
    {"panic", "panic"},
};
static_assert(std::size(kNames) == static_cast<std::size_t>(Kind::kPanic) + 1);

}  // namespace

std::string_view name_of(Kind kind) {
  return kNames[static_cast<std::size_t>(kind)].name;
}
std::string_view title_of(Kind kind) {
  return kNames[static_cast<std::size_t>(kind)].title;
}

}  // namespace ringside::oops
