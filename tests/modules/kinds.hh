// The ways in which a module can be wrong, one row each: a name, one edit of modules that a
// compiler made, and what the checker must say. What the stock kernel says to the same files is
// asked in a guest (tests/guest/wrong_modules_test.cc); both must agree.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tests/modules/edit.hh"

namespace ringside::modules::test {

// What a kind starts from, for one kernel.
struct Files {
  Buffer subject;             // ringside_subject.ko, which is judged
  Buffer provider;            // ringside_provider.ko, which it takes symbols from
  Buffer foreign;             // ringside_subject.ko of the other kernel series
  Buffer stock;               // crc7, a signed module of the kernel's own tree
  Buffer base;                // what the provider takes symbols from, where it is not empty
  bool with_provider = true;  // the provider is given to the checker and loaded first
};

struct Kind {
  std::string_view name;
  void (*edit)(Files&);
  // What the checker says besides what it says of the unharmed module: "refused wrong-type", more
  // of them separated by ", ", in its order, each once. Empty: the module loads.
  std::string_view said;
  std::string_view said_6_12 = kSame;  // where 6.12 differs from 6.1
  // Where it is refused, too: the kernel refuses before it comes to what would be unsafe.
  bool refused_in_time = false;

  static constexpr std::string_view kSame = "=";
  std::string_view said_on(std::string_view series) const {
    return series == "6.12" && said_6_12 != kSame ? said_6_12 : said;
  }
  bool loads_on(std::string_view series) const;
  // The stock kernel may be harmed: not in a guest that has other work to do.
  bool is_dangerous_on(std::string_view series) const;
};

std::span<const Kind> kinds();

// The files for `release`, whose tree is `tree`: ours from modules/RELEASE in the build directory
// of this program; no value where they were not built.
std::optional<Files> files_for(const std::string& release, const std::filesystem::path& tree);

}  // namespace ringside::modules::test
