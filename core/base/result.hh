// Result: a value or the reason why there is none. Cores throw nothing and print nothing; they
// return an Error made of facts (what, where, expected, found) that a tool turns into one line.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

namespace ringside {

// What went wrong with an input. All pointers are to string literals, so an Error owns nothing
// and can cross the line between kernel and user space as plain data.
struct Error {
  const char* what = "";       // the rule that was broken: "symbol count too large"
  const char* part = "";       // the part of the input it was broken in: "kallsyms_names"
  std::uint64_t at = 0;        // byte offset (or index) in that part
  std::uint64_t expected = 0;  // the bound or value the rule asks for
  std::uint64_t found = 0;     // what the input holds
};

struct Nothing {};

// T or E. Dereference only after a test; value access is unchecked on purpose (no exceptions).
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : value_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(E error) : value_(std::in_place_index<1>, std::move(error)) {}  // NOLINT
  // A fresh T in place, to be filled there or replaced by fail(): for what the stack has no room to
  // copy.
  explicit Result(std::in_place_t) : value_(std::in_place_index<0>) {}
  void fail(E error) { value_.template emplace<1>(std::move(error)); }
  // An error of one layer becomes an error of the next where that one can be built from it.
  template <class F>
  static Result from(F&& error) {
    return Result(E(std::forward<F>(error)));
  }

  explicit operator bool() const { return value_.index() == 0; }
  T& operator*() & { return *std::get_if<0>(&value_); }
  const T& operator*() const& { return *std::get_if<0>(&value_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&value_)); }
  T* operator->() { return std::get_if<0>(&value_); }
  const T* operator->() const { return std::get_if<0>(&value_); }
  const E& error() const { return *std::get_if<1>(&value_); }

 private:
  std::variant<T, E> value_;
};

template <class E = Error>
using StatusOf = Result<Nothing, E>;
using Status = Result<Nothing>;

inline constexpr Nothing ok{};

}  // namespace ringside

// Value of EXPR, or return its error from the enclosing function.
#define TRY(expr)                               \
  ({                                            \
    auto try_result = (expr);                   \
    if (!try_result) return try_result.error(); \
    *std::move(try_result);                     \
  })
