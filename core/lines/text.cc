// Names go straight from the scratch into the room, one at a time: there is no place for two.
#include "core/lines/text.hh"

namespace ringside::lines {
namespace {

constexpr std::string_view kFolders[] = {
    "arch", "block",  "certs", "crypto", "drivers", "fs",   "include",  "init",  "io_uring",
    "ipc",  "kernel", "lib",   "mm",     "net",     "rust", "security", "sound", "virt"};

bool is_folder(std::string_view part) {
  for (auto folder : kFolders)
    if (part == folder) return true;
  return false;
}

// Of the first '/' from `at` on, or the text's end; string_view's find() wants memchr().
std::size_t slash(std::string_view path, std::size_t at) {
  while (at < path.size() && path[at] != '/') ++at;
  return at;
}

// Lines that do not fit are left out, with all that would follow.
class Writer {
 public:
  explicit Writer(std::span<char> room) : room_(room) {}

  void put(std::string_view text) {
    if (full_ || text.size() > room_.size() - at_) {
      full_ = true;
      return;
    }
    for (char c : text) room_[at_++] = c;
  }
  void put_number(std::uint32_t number) {
    char digits[10];
    std::size_t first = sizeof digits;
    do {
      digits[--first] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    put({digits + first, sizeof digits - first});
  }
  void end_line() {
    put("\n");
    if (!full_) lines_ = at_;
  }
  std::size_t size() const { return lines_; }

 private:
  std::span<char> room_;
  std::size_t at_ = 0, lines_ = 0;
  bool full_ = false;
};

void put_function(Writer& writer, const LineIndex& index, const Frame& frame,
                  ksyms::Scratch& scratch) {
  auto name = index.function_name(frame.function, scratch);
  writer.put(name.empty() ? "?" : name);
}

void put_place(Writer& writer, const LineIndex& index, const Frame& frame,
               ksyms::Scratch& scratch) {
  auto path = index.path_name(frame.path, scratch);
  writer.put(path.empty() ? "?" : in_tree(path));
  writer.put(":");
  if (frame.line == 0)
    writer.put("?");
  else
    writer.put_number(frame.line);
}

void put_inlined(Writer& writer, const LineIndex& index, const Frame& inner, const Frame& outer,
                 ksyms::Scratch& scratch) {
  writer.put("     inlined ");
  put_function(writer, index, inner, scratch);
  writer.put(" into ");
  put_function(writer, index, outer, scratch);
  writer.put(" at ");
  put_place(writer, index, outer, scratch);
  writer.end_line();
}

}  // namespace

std::string_view in_tree(std::string_view path) {
  // An absolute path's first part is no folder of a kernel's tree: /lib/modules, /init.
  for (auto at = path.starts_with('/') ? slash(path, 1) + 1 : 0; at < path.size();) {
    auto end = slash(path, at);
    if (end == path.size() || end == at) break;
    if (is_folder(path.substr(at, end - at))) return path.substr(at);
    at = end + 1;
  }
  return path;
}

std::size_t frame_text(const LineIndex* index, std::uint64_t address, std::string_view symbol,
                       FrameWork& work, std::span<char> room) {
  Writer writer(room);
  auto& frames = work.frames;
  if (!index || !index->find(address, frames)) frames.count = 0;
  writer.put(" ");
  writer.put(symbol);
  if (frames.count != 0) {
    writer.put("  # ");
    put_place(writer, *index, frames.items[0], work.scratch);
  }
  writer.end_line();
  for (std::uint32_t level = 1; level < frames.count; ++level)
    put_inlined(writer, *index, frames.items[level - 1], frames.items[level], work.scratch);
  return writer.size();
}

}  // namespace ringside::lines
