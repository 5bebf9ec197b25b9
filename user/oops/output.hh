// Output: a file that is written to until that fails for the first time, which is kept.
#pragma once

#include <cstdio>
#include <string>

#include "user/base/failure.hh"

namespace ringside::oops {

class Output {
 public:
  // Borrows `file`; `name` is for people.
  Output(std::FILE* file, std::string name) : file_(file), name_(std::move(name)) {}

  void put(const std::string& text);
  void flush();
  // A Failure once something could not be written.
  Outcome<Nothing> state() const;

 private:
  void fail();

  std::FILE* file_;
  std::string name_;
  int error_ = 0;  // errno of the first failure
};

}  // namespace ringside::oops
