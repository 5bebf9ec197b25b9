// Parts of the report: text that HTML takes, chips, and the tables of figures and of symbols.
#pragma once

#include <string>

#include "verdict/verdict.hh"

namespace ringside::verdict {

std::string escaped(const std::string& text);
std::string chip(Side side);        // "user space" in its colour
std::string place_text(Side side);  // "user space", "the kernel", "either side", "open"
std::string figures_html(const Verdict& verdict);
std::string matrix_html(const Verdict& verdict);

}  // namespace ringside::verdict
