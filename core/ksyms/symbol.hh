// Symbol: one line of kallsyms.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringside::ksyms {

struct Symbol {
  std::uint64_t address;
  char type;
  std::string_view name;  // 1 to kMaxName bytes, none of them NUL
};

}  // namespace ringside::ksyms
