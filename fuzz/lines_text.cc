// Frames in words, from damaged line indexes. The input says how much room there is, then damages a
// good index (two bytes where, one byte what); whatever opens must give whole lines that keep to
// the room, and in a larger room the same with lines more.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "core/lines/text.hh"
#include "tests/unit/line_code.hh"

using namespace ringside;
using test::IndexBytes;

static constexpr std::string_view kSymbol = "vfs_read+0x93/0x2a0 [module]";

// A room of its own on the heap, so that the sanitizer sees each byte beyond it. What was left in
// the work must not show.
static std::string text_in(std::size_t size, const lines::LineIndex& index, std::uint64_t address,
                           int left = 0) {
  lines::FrameWork work;
  std::memset(static_cast<void*>(&work), left, sizeof work);
  auto room = std::make_unique_for_overwrite<char[]>(size);
  auto bytes = lines::frame_text(&index, address, kSymbol, work, {room.get(), size});
  if (bytes > size) std::abort();
  std::string text(room.get(), bytes);
  if (!text.empty() && text.back() != '\n') std::abort();
  return text;
}

static void ask(const lines::LineIndex& index, std::size_t size) {
  for (std::uint64_t address = 0; address < 19'000; address += 293) {
    auto whole = text_in(8192, index, address);
    if (!whole.starts_with(' ' + std::string(kSymbol))) std::abort();
    if (!whole.starts_with(text_in(size, index, address))) std::abort();
    if (whole != text_in(8192, index, address, 'A')) std::abort();
  }
}

static void open_and_ask(const IndexBytes& bytes, std::size_t size) {
  lines::LineIndex index;
  if (index.open(bytes.bytes())) ask(index, size);
}

static const IndexBytes& good_index() {
  static const auto index = [] {
    test::MadeCode made;
    made.fill(0x100, 40, 1);
    return test::index_of(std::span(&made.code, 1));
  }();
  if (!index) std::abort();
  return *index;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  auto room = static_cast<std::size_t>(data[0] | data[1] << 8) % 4200;
  auto patched = good_index();
  for (std::size_t at = 2; at + 3 <= size; at += 3) {
    auto where = static_cast<std::size_t>(data[at] | data[at + 1] << 8);
    patched[where % patched.bytes().size()] ^= std::byte{data[at + 2]};
  }
  open_and_ask(patched, room);
  return 0;
}
