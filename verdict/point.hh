// The five points of a verdict. Each is judged from rows alone and says for which side of the line
// it speaks, why, with which figures, what was not there to judge by, and what would turn it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "verdict/rows.hh"
#include "verdict/spec.hh"

namespace ringside::verdict {

enum class Side { kUser, kKernel, kEven, kOpen };  // open: not measured
const char* to_text(Side side);                    // "user", "kernel", "even", "open"

// One number of a row, with all that is needed to measure it again.
struct Figure {
  std::string what, side;        // side: "user", "kernel", "stock", "core"
  double value = 0, spread = 0;  // spread: Row::spread
  std::string unit, kernel, machine, accelerator, command, peer;
};

// Cost against size, a line a placement.
struct Curve {
  std::string what, unit, size, kernel, command;
  std::map<std::string, std::vector<std::pair<double, double>>> lines;
};

// What one kernel says of a symbol that the kernel glue imports. `exported`: "yes", "GPL", "no"
// (it is there), "absent".
struct Symbol {
  std::string crc, prototype, exported;
  bool imported = false;  // by the modules as they were built for this kernel
};

// What becomes of a symbol between the kernels of a matrix; the worst that holds.
enum class Change { kSame, kCrc, kPrototype, kAbsent, kUnexported };
const char* to_text(Change change);

struct Matrix {
  std::vector<std::string> kernels;                    // releases
  std::map<std::string, std::vector<Symbol>> symbols;  // one of each kernel
};
Change change_of(const std::vector<Symbol>& across);

struct Point {
  explicit Point(std::string its_name) : name(std::move(its_name)) {}

  std::string name;
  Side side = Side::kOpen;
  std::vector<std::string> reasons, changes, missing;
  std::vector<Figure> figures;
  std::vector<Curve> curves;  // performance
  Matrix matrix;              // interface
  std::vector<std::string> calls,
      files;  // calls: of user space; files: that it opens, or that must be right
};

// What a point is judged by. `kernel` is a release, `kernels` all that the verdict is about.
struct Question {
  const Service& service;
  const Thresholds& limits;
  const std::vector<Row>& rows;
  std::string kernel;
  std::vector<std::string> kernels;

  // The last row that fits, of `kernel` or of any; nullptr where there is none.
  const Row* find(const Selector& selector, const std::string& unit,
                  const std::string& accelerator = "") const;
  // Every one, in order.
  std::vector<const Row*> find_all(const Selector& selector, const std::string& unit,
                                   const std::string& accelerator) const;
};

Figure figure_of(const Row& row, std::string what, std::string side);

Point judge_performance(const Question& question);
Point judge_simplicity(const Question& question);
Point judge_interface(const Question& question);
Point judge_delivery(const Question& question);
Point judge_blast(const Question& question);

// "0.35", "1,234", "12.3 M": for a person.
std::string number_text(double value);
// "64 KiB", "32 luns".
std::string size_text(double value, const std::string& unit);
// "3 symbols", "1 symbol".
std::string count_text(std::size_t count, const std::string& what);

}  // namespace ringside::verdict
