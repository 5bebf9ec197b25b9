// Parts are appended one by one; ".." takes the last one away again.
#include "core/dwarf/path.hh"

namespace ringside::dwarf {
namespace {

bool is_absolute(std::string_view path) {
  return !path.empty() && path[0] == '/';
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && __builtin_memcmp(a.data(), b.data(), a.size()) == 0;
}

// Takes the last part off; false where there is none that could be.
bool drop_part(List<char>& letters, std::size_t start) {
  auto end = letters.size();
  while (end > start && letters[end - 1] != '/') --end;
  std::string_view last(letters.items().data() + end, letters.size() - end);
  if (last.empty() || equal(last, "..")) return false;
  letters.cut(end > start + 1 ? end - 1 : end);
  return true;
}

Status append_part(std::string_view part, List<char>& letters, std::size_t start) {
  if (part.empty() || equal(part, ".")) return ok;
  if (equal(part, "..") && drop_part(letters, start)) return ok;
  if (letters.size() > start && letters.back() != '/') TRY(letters.push('/'));
  for (auto letter : part) TRY(letters.push(letter));
  return ok;
}

Status append_path(std::string_view path, List<char>& letters, std::size_t start) {
  if (is_absolute(path)) {
    letters.cut(start);
    TRY(letters.push('/'));
  }
  for (std::size_t at = 0; at < path.size();) {
    auto end = at;
    while (end < path.size() && path[end] != '/') ++end;
    TRY(append_part({path.data() + at, end - at}, letters, start));
    at = end + 1;
  }
  return ok;
}

}  // namespace

Result<std::string_view> join_path(const FileName& name, List<char>& letters) {
  auto start = letters.size();
  TRY(append_path(name.comp_dir, letters, start));
  TRY(append_path(name.directory, letters, start));
  TRY(append_path(name.name, letters, start));
  return std::string_view(letters.items().data() + start, letters.size() - start);
}

}  // namespace ringside::dwarf
