// Words are taken one by one; brackets around one mark the faulting instruction.
#include "core/oops/code.hh"

#include "core/oops/text.hh"

namespace ringside::oops {
namespace {

void add_word(Code& code, std::uint64_t value, std::size_t digits, bool marked) {
  auto unit = static_cast<std::uint32_t>(digits / 2);
  if (digits % 2 != 0 || unit == 0 || unit > 4 || code.size + unit > kCodeBytes) return;
  if (code.size == 0) code.unit = unit;
  if (marked) code.fault = code.size, code.marked = true;
  for (std::uint32_t byte = 0; byte < unit; ++byte)
    code.bytes[code.size++] = static_cast<std::uint8_t>(value >> (8 * byte));
}

}  // namespace

Code read_code(const Report& report) {
  Code code;
  for (std::size_t piece = 0; piece < report.code_pieces; ++piece) {
    Cursor at(report.code[piece]);
    for (at.spaces(); !at.at_end(); at.spaces()) {
      bool marked = at.peek() == '<' || at.peek() == '(';
      if (marked) at.skip();
      std::uint64_t value = 0;
      auto digits = at.hex(value);
      if (marked && (at.peek() == '>' || at.peek() == ')')) at.skip();
      if (!at.at_end() && at.peek() != ' ')
        (void)at.word();
      else
        add_word(code, value, digits, marked);
    }
  }
  return code;
}

}  // namespace ringside::oops
