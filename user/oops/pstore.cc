// A dump is written in parts, its end first: "Panic#1 Part1" and the last lines, "Panic#1 Part2"
// and those before. A part is a file dmesg-BACKEND-ID, whose time is when it was written.
#include "user/oops/pstore.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <tuple>

namespace ringside::oops {
namespace {

namespace fs = std::filesystem;
constexpr std::uintmax_t kMostBytes = 16u << 20;  // of a part; a backend's are some KiB

struct Part {
  fs::file_time_type written;
  unsigned count = 0, number = 0;  // of dumps since the boot, of parts of this one
  std::string dump;                // "Panic#1"
  std::string text;
};

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool read_number(std::string_view digits, unsigned& number) {
  auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && stop == digits.data() + digits.size();
}

// "REASON#COUNT PartN\n", then the text.
bool read_header(Part& part) {
  auto end = part.text.find('\n');
  auto head = std::string_view(part.text).substr(0, end);
  auto at = head.find(" Part");
  auto mark = head.find('#');
  if (end == part.text.npos || at == head.npos || mark > at) return false;
  if (!read_number(head.substr(mark + 1, at - mark - 1), part.count) ||
      !read_number(head.substr(at + 5), part.number))
    return false;
  part.dump = head.substr(0, at);
  part.text.erase(0, end + 1);
  return true;
}

class Parts {
 public:
  explicit Parts(Dump& dump) : dump_(dump) {}

  void add(const fs::path& file) {
    if (!file.filename().native().starts_with("dmesg-")) return;
    std::error_code error;
    Part part{fs::last_write_time(file, error), 0, 0, {}, {}};
    bool fits = !error && fs::file_size(file, error) <= kMostBytes && !error;
    if (fits) part.text = content_of(file);
    if (fits && read_header(part))
      parts_.push_back(std::move(part));
    else
      dump_.notes.push_back(file.native() + (file.extension() == ".z"
                                                 ? ": the kernel could not decompress it"
                                                 : ": no part of a kernel's dump"));
  }

  // The parts of the newest dump, its last one first: numbers grow with time, of which a backend
  // may keep seconds only.
  void join() {
    std::sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) {
      return std::tie(a.written, a.count, a.number) < std::tie(b.written, b.count, b.number);
    });
    auto part = parts_.rbegin();
    const auto last = part;
    unsigned before = last->number + 1;
    for (; part != parts_.rend() && part->dump == last->dump && part->number < before; ++part) {
      dump_.text += part->text;
      before = part->number;
    }
  }
  bool empty() const { return parts_.empty(); }

 private:
  Dump& dump_;
  std::vector<Part> parts_;
};

}  // namespace

std::vector<fs::path> pstore_folders() {
  return {"/sys/fs/pstore", "/var/lib/systemd/pstore"};
}

Outcome<Dump> last_dump(std::span<const fs::path> folders) {
  Dump dump;
  Parts parts(dump);
  std::string places;
  for (const auto& folder : folders) {
    std::error_code error;
    places += (places.empty() ? "" : ", ") + folder.native();
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error))
      if (at->is_regular_file(error)) parts.add(at->path());
    if (error && error != std::errc::no_such_file_or_directory)
      return Failure{fmt::format("read {}: {}", folder.native(), error.message())};
  }
  if (parts.empty())
    return Failure{fmt::format("no kernel has left a dump in {} (is pstore mounted, and has it a "
                               "backend: ramoops, efi_pstore, erst?)",
                               places),
                   kNo};
  parts.join();
  return dump;
}

}  // namespace ringside::oops
