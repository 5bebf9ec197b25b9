// Name: which names of firmware are answered at all, and which files may hold what they name.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/result.hh"

namespace ringside::firmware {

// A request's folder in sysfs bears its name, and no folder's name is longer.
inline constexpr std::size_t kNameMax = 255;

// Whether a name may be looked for: relative, of whole components, none of them "." or "..",
// without control bytes. One name means one file, so that a list of names can be held against it.
Status check_name(std::string_view name);

// Whether the folder of a request for `name` is called `device`: the kernel writes '!' for '/'.
bool is_folder_of(std::string_view device, std::string_view name);

// How a file holds the bytes, in the order in which they are looked for.
enum class Form : std::uint8_t { kPlain, kXz, kZstd };
inline constexpr unsigned kForms = 3;

// A file that may be there: in folder number `folder`, as `form`.
struct Candidate {
  unsigned folder = 0;
  Form form = Form::kPlain;
};
// Candidate `number` of those in `folders` folders, of which each is asked for the first `forms`
// forms before the next one; number < folders * forms.
constexpr Candidate candidate(unsigned number, unsigned forms) {
  return {number / forms, static_cast<Form>(number % forms)};
}

using FileName = std::array<char, kNameMax + 5>;
// The candidate's path below its folder, written to `room` with a NUL behind it. The name has been
// checked.
std::string_view file_name(std::string_view name, Form form, FileName& room);

}  // namespace ringside::firmware
