// What the tests of ringside_oops.ko share: its calls by errno, tables that are made up, what user
// space says of a frame, and the module loaded.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/lines/text.hh"
#include "tests/guest/module.hh"
#include "tests/modules/kernel_named.hh"
#include "tests/unit/line_code.hh"
#include "user/armed/device.hh"
#include "user/armed/module_table.hh"
#include "user/ksyms/symbols.hh"

namespace ringside::armed {

using TableBytes = std::vector<std::byte>;

inline constexpr std::uint64_t kKernelBase = 0xffff'ffff'8000'0000;
inline constexpr auto kSubject =
    "ringside_ksyms";  // a module of ours, in C++: much in it is inlined
// Where no code is, and the kernel's own words for that: the address.
inline constexpr std::uint64_t kNowhere[] = {
    0,
    1,
    0x1000,                 // a per-CPU offset, which kallsyms has names for
    0x40'0000,              // of user space
    0x7fff'ffff'ffff,       // its end
    0x8000'0000'0000,       // not canonical
    0x6b6b'6b6b'6b6b'6b6b,  // nor this
    0xffff'7fff'ffff'ffff,
    0xffff'8000'0000'0000,  // guard hole
    0xffff'e8ff'ffff'f000,  // between vmalloc's area and the page structures'
    0xffff'ffff'7fff'ffff,  // before the kernel
    0xffff'ffff'ffff'f000,
    ~0ull};
inline constexpr std::uint64_t kSpace = 0xffff'ffff'c777'0000;  // where a space might be

// The same numbers on every run.
struct Random {
  std::uint64_t state = 7;
  std::uint64_t below(std::uint64_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % limit;
  }
};

template <class Call>
Call call_of() {
  Call call{};
  call.size = sizeof(Call);
  call.version = RS_OOPS_VERSION;
  return call;
}

inline UniqueFd device_file() {
  return UniqueFd(open(RS_OOPS_DEVICE, O_RDWR | O_CLOEXEC));
}

// 0 or an error number; on a file of its own, which is closed again.
template <class Call>
int call_errno(unsigned long command, Call call) {
  auto file = device_file();
  return ioctl(file.get(), command, &call) == 0 ? 0 : errno;
}
template <class Call, class Change>
int changed_errno(unsigned long command, Call call, Change change) {
  change(call);
  return call_errno(command, call);
}

inline rs_oops_take take_of(std::uint32_t kind, Bytes table, const std::string& name = "") {
  auto take = call_of<rs_oops_take>();
  take.kind = kind;
  take.table = reinterpret_cast<std::uintptr_t>(table.data());
  take.table_bytes = table.size();
  name.copy(take.name, sizeof take.name);
  return take;
}
inline int take_errno(std::uint32_t kind, Bytes table, const std::string& name = "") {
  return call_errno(RS_OOPS_IOC_TAKE, take_of(kind, table, name));
}

inline TableBytes copy_of(Bytes table) {
  return {table.begin(), table.end()};
}

inline void set_build_id(TableBytes& index, Bytes id) {
  lines::Header header;
  std::memcpy(&header, index.data(), sizeof header);
  header.build_id_size = static_cast<std::uint32_t>(id.size());
  std::memcpy(header.build_id, id.data(), id.size());
  std::memcpy(index.data(), &header, sizeof header);
}

// A line index of functions that nobody has written.
inline TableBytes made_lines(std::uint64_t start, int functions, Bytes build_id) {
  test::MadeCode made(8u << 20);
  made.fill(start, functions, 5);
  auto built = test::index_of(std::span(&made.code, 1));
  EXPECT_TRUE(built) << built.error().what;
  auto bytes = copy_of(built->bytes());
  set_build_id(bytes, build_id);
  return bytes;
}

// A module that is never loaded, of the build that the index has.
inline rs_oops_take made_module(Bytes index, const std::string& name = "made") {
  auto take = take_of(RS_OOPS_MODULE, index, name);
  lines::Header header;
  std::memcpy(&header, index.data(), sizeof header);
  std::memcpy(take.id, header.build_id, sizeof take.id);
  take.id_bytes = header.build_id_size;
  return take;
}

inline TableBytes space_table(std::uint64_t at, const std::string& name) {
  auto next = name + "_next", end = name + "_end";
  std::vector<ksyms::Symbol> symbols = {
      {at, 't', name}, {at + 0x40, 't', next}, {at + 0x100, 't', end}};
  auto table = ksyms::make_table(symbols, {}, name);
  EXPECT_TRUE(table) << table.error().message;
  return *table;
}

// What user space says of a frame.
inline std::string text_here(const lines::LineIndex* index, std::uint64_t address,
                             const std::string& symbol) {
  static lines::FrameWork work;
  std::string text(RS_OOPS_TEXT_MAX, '\0');
  text.resize(lines::frame_text(index, address, symbol, work, text));
  return text;
}

inline bool is_whole(const std::string& text) {
  return !text.empty() && text.size() <= RS_OOPS_TEXT_MAX && text.front() == ' ' &&
         text.back() == '\n';
}

// The symbol of a frame's text: without what stands before it and behind it.
inline std::string symbol_in(const std::string& text) {
  return text.substr(1, std::min(text.find("  # "), text.find('\n')) - 1);
}

struct Subject {
  Subject() { EXPECT_TRUE(guest::load(kSubject)); }
  ~Subject() { EXPECT_TRUE(guest::unload(kSubject)); }
};

inline loader::Loaded loaded_subject() {
  auto loaded = loader::loaded_module(kSubject);
  EXPECT_TRUE(loaded);
  if (!loaded) return {};
  loader::read_sections(*loaded);
  return *loaded;
}

class OopsDevice : public ::testing::Test {
 protected:
  struct World {
    explicit World(modules::Kernel opened) : kernel(std::move(opened)) {}
    modules::Kernel kernel;
    std::optional<ksyms::Symbols> symbols;
    TableBytes few;    // of every 64th symbol, so that it is checked soon
    TableBytes lines;  // made up, from the kernel's first function on
    std::uint64_t offset = 0;
  };

  static void SetUpTestSuite() {
    ASSERT_TRUE(guest::load("ringside_oops"));
    auto kernel = modules::test::kernel_named(guest::kernel_name());
    ASSERT_TRUE(kernel) << kernel.error().message;
    world_ = new World(*std::move(kernel));
    auto symbols = ksyms::Symbols::open(world_->kernel.image());
    ASSERT_TRUE(symbols) << symbols.error().message;
    world_->symbols = *std::move(symbols);
    world_->offset = *ksyms::running_offset(table());
    world_->few = few_symbols();
    world_->lines = made_lines(linked("_stext"), 100, table().build_id());
  }
  static void TearDownTestSuite() {
    delete world_;
    EXPECT_TRUE(guest::unload("ringside_oops"));
  }
  void SetUp() override {
    ASSERT_NE(world_, nullptr);
    device_.emplace(opened());
  }
  void TearDown() override {
    EXPECT_TRUE(device_->arm(false));
    EXPECT_TRUE(device_->drop_all());
    auto now = status();
    EXPECT_EQ(now.symbol_bytes + now.line_bytes + now.module_bytes + now.modules + now.spaces, 0u);
    EXPECT_EQ(now.off, 0u);
  }

  static const ksyms::Table& table() { return world_->symbols->table(); }
  static const TableBytes& few() { return world_->few; }
  static const TableBytes& lines() { return world_->lines; }
  static std::uint64_t offset() { return world_->offset; }
  static std::uint64_t linked(std::string_view name) {
    ksyms::Scratch scratch;
    auto cursor = table().names(name);
    auto match = table().next(cursor, scratch);
    EXPECT_TRUE(match) << name;
    return match ? match->address : 0;
  }
  static Device opened() {
    auto device = Device::open();
    EXPECT_TRUE(device) << device.error().message;
    return *std::move(device);
  }
  static ModuleTable subject_table() {
    auto file = guest::module_file(kSubject);
    auto made = ModuleTable::make(world_->kernel, file, {"/", {file.parent_path()}}, {});
    EXPECT_TRUE(made) << made.error().message;
    return *std::move(made);
  }

  Device& device() { return *device_; }
  rs_oops_status status() { return *device_->status(); }
  std::string frame(std::uint64_t address, bool is_return = false) {
    auto frame = device_->frame(address, is_return);
    EXPECT_TRUE(frame) << frame.error().message;
    return frame ? frame->text : "";
  }
  void take(const ModuleTable& table) {
    auto taken = device_->take_module(table.about(), table.lines(), table.parts());
    EXPECT_TRUE(taken) << taken.error().message;
  }
  // As %pS, or %pB, has the symbol at a link-time address.
  static std::string symbol_at(std::uint64_t address, bool is_return) {
    ksyms::Scratch scratch;
    auto match = table().find(address - is_return, scratch);
    return match ? ksyms::format(*match, address - match->address)
                 : fmt::format("{:#x}", address + offset());
  }
  // Every section of the subject that stays: each frame is as user space has it, lines included.
  // The number of frames with a function inlined.
  int compare_frames(const ModuleTable& table, const loader::Loaded& loaded);
  void expect_whole_answers(Random& random);
  template <class Take>
  void expect_damage_found(const TableBytes& good, std::size_t header, Take take);

 private:
  static TableBytes few_symbols();
  static inline World* world_ = nullptr;
  std::optional<Device> device_;
};

inline TableBytes OopsDevice::few_symbols() {
  ksyms::Scratch scratch;
  std::vector<std::pair<std::uint64_t, std::string>> names;
  for (auto name : {"_stext", "kfree", "_end"}) names.emplace_back(linked(name), name);
  for (std::uint32_t index = 0; index < table().size(); index += 64)
    if (auto match = table().at(index, scratch)) names.emplace_back(match->address, match->name);
  std::vector<ksyms::Symbol> symbols;
  for (const auto& [address, name] : names) symbols.push_back({address, 'T', name});
  auto made = ksyms::make_table(symbols, table().build_id(), "a few symbols");
  EXPECT_TRUE(made) << made.error().message;
  return *made;
}

inline int OopsDevice::compare_frames(const ModuleTable& table, const loader::Loaded& loaded) {
  static lines::LineIndex index;
  EXPECT_TRUE(index.open(table.lines()));
  int inlined = 0;
  ksyms::Scratch scratch;
  for (std::uint32_t n = 0; n < index.sections(); ++n) {
    auto at = loaded.sections.find(std::string(index.section_name(n, scratch)));
    if (at == loaded.sections.end() || at->first.starts_with(".init")) continue;
    for (std::uint64_t offset = 1; offset < index.section(n).size; offset += 5) {
      bool is_return = offset % 2;
      auto text = frame(at->second + offset, is_return);
      auto in_index = index.section(n).address + offset - is_return;
      EXPECT_EQ(text, text_here(&index, in_index, symbol_in(text))) << at->first << '+' << offset;
      inlined += text.find(" inlined ") != text.npos;
    }
  }
  return inlined;
}

// Asks where the tables, or what is left of them, answer; where nothing is, too.
inline void OopsDevice::expect_whole_answers(Random& random) {
  auto start = linked("_stext") + offset(), size = linked("_end") - linked("_stext");
  std::vector<std::uint64_t> addresses(std::begin(kNowhere), std::end(kNowhere));
  for (int each = 0; each < 8; ++each) {
    addresses.push_back(start + random.below(size));
    addresses.push_back(start + random.below(4'000));
    addresses.push_back(kSpace + random.below(0x100));
  }
  for (auto address : addresses) {
    auto text = frame(address, address & 1);
    EXPECT_TRUE(is_whole(text)) << std::hex << address << ": " << text;
  }
}

// Bits are flipped in every byte of the header and in 200 places of the rest.
template <class Take>
void OopsDevice::expect_damage_found(const TableBytes& good, std::size_t header, Take take) {
  auto bytes = good;
  Random random;
  int refused = 0;
  for (std::size_t round = 0; round < header + 200; ++round) {
    auto at = round < header ? round : header + random.below(bytes.size() - header);
    auto bit = std::byte{1} << random.below(8);
    bytes[at] ^= bit;
    auto status = take(bytes);
    EXPECT_TRUE(status == 0 || status == EBADMSG || status == EXDEV) << at << ": " << status;
    if (status == 0) expect_whole_answers(random);
    refused += status != 0;
    bytes[at] ^= bit;
  }
  EXPECT_GE(refused, 100) << "a flipped bit in a name is no damage that shows";
  EXPECT_EQ(take(bytes), 0);
}

// 0 or an error number.
inline int set_ftrace(const char* value) {
  UniqueFd file(open("/proc/sys/kernel/ftrace_enabled", O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  return write(file.get(), value, 1) == 1 ? 0 : errno;
}

inline bool hook_stands() {
  std::ifstream file("/sys/kernel/tracing/enabled_functions");
  for (std::string word; file >> word;)
    if (word == "__show_trace_log_lvl") return true;
  return false;
}

}  // namespace ringside::armed
