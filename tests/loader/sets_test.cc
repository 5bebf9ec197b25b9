// Modules of many kinds, loaded in every placement and compared with stock: every byte (shadow
// mode); what /proc/modules, /sys/module and the kernel's log say (taint marks, addresses and our
// own lines aside). With RINGSIDE_SETS, a folder with lists of names, every module of these lists
// that stock loads here, some at a time (make test-full); else a fixed choice of them in one go.
#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "tests/loader/commands.hh"
#include "user/loader/small_file.hh"

namespace ringside::loader {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kChoice = {
    "ext4",      "dm_crypt",    "nf_tables", "nft_ct",    "nft_compat", "xt_conntrack",
    "ip_tables", "bridge",      "fuse",      "overlay",   "autofs4",    "kvm",
    "loop",      "snd_pcm",     "snd_hwdep", "bluetooth", "cfg80211",   "videodev",
    "usbcore",   "usbhid",      "evdev",     "joydev",    "nvme",       "sr_mod",
    "sd_mod",    "aesni_intel", "cryptd",    "drm",       "tuner_types"};  // without code

std::vector<std::string> names_in_sets() {
  const char* sets = std::getenv("RINGSIDE_SETS");
  if (!sets) return {};
  return split_lines(shell("sort -u " + std::string(sets) + "/*.txt"));
}

// Of this kernel itself, or of this guest, which needs it.
bool is_there(const std::string& name) {
  return is_loaded(name) || run({"modinfo", "-n", name}).out == "(builtin)\n";
}

bool is_compared(const fs::path& file) {
  static const std::vector<std::string> kFiles = {"coresize", "initstate", "refcnt", "version",
                                                  "srcversion"};
  auto folder = file.parent_path().filename();
  return folder == "parameters" || folder == "notes" ||
         std::find(kFiles.begin(), kFiles.end(), file.filename()) != kFiles.end();
}

// What is to be equal: the folders of these modules in sysfs, what is in the files that hold no
// addresses, and their lines in /proc/modules up to the address. One line for each fact.
std::string facts(const std::vector<std::string>& names) {
  std::set<std::string> lines;
  for (const auto& line : split_lines(read_small("/proc/modules").value_or("")))
    lines.insert(line.substr(0, line.find(" 0x")));
  for (const auto& name : names)
    for (const auto& entry : fs::recursive_directory_iterator("/sys/module/" + name)) {
      auto line = entry.path().native();
      if (is_compared(line)) line += ": " + read_small(line).value_or("unreadable");
      lines.insert(line);
    }
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

// The kernel's log since it was last cleared, without time stamps and without what placements add;
// sorted, because work that a module has left to others says its lines at any time; what is found
// on a serial port may be said before or after we look.
std::string log_lines() {
  return shell(
      "dmesg | sed 's/^\\[[^]]*\\] //' | grep -v -e '^ringside-loader:' -e 'taint' -e "
      "'module verification failed' -e '^random:' -e '^hrtimer:' -e '^clocksource:' -e "
      "'/serio[0-9]' | sed 's,/input[0-9]*$,/inputN,' | LC_ALL=C sort");  // the kernel counts on
}

class Sets : public LoaderTest {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(guest::load("ringside_loader")); }
  static void TearDownTestSuite() { EXPECT_TRUE(guest::unload("ringside_loader")); }

  std::vector<std::string> fresh_names() const {
    std::vector<std::string> names;
    for (const auto& name : loaded_names())
      if (!std::binary_search(before_.begin(), before_.end(), name)) names.push_back(name);
    return names;
  }

  // What the kernel says after `options` have loaded `names`; nothing of it is left loaded.
  std::pair<std::string, std::string> load(const std::vector<std::string>& options,
                                           const std::vector<std::string>& names) {
    shell("dmesg -C");
    std::vector<std::string> words = {"load"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), names.begin(), names.end());
    said_ = expect_ringside(words);
    auto all = facts(fresh_names());
    auto log = log_lines();
    computers_ = shell("dmesg | sed -n 's/.*ringside-loader: .*: relocated by \\(.*\\) (.*/\\1/p'");
    unload_since(before_);
    return {all, log};
  }

  void expect_parity(const std::vector<std::string>& names) {
    auto stock = load({}, names);
    using Way = std::pair<const char*, const char*>;
    for (auto [placement, computer] :
         {Way{"bind", ""}, Way{"user", "user space"}, Way{"kernel", "our core"}}) {
      auto ours = load({std::string("--placement=") + placement}, names);
      auto by = split_lines(computers_);
      EXPECT_EQ(by.empty(), !*computer) << placement << " " << words_of(names);
      EXPECT_EQ(std::count(by.begin(), by.end(), computer), std::ssize(by)) << computers_;
      EXPECT_EQ(ours.first, stock.first) << placement << " " << words_of(names);
      EXPECT_EQ(ours.second, stock.second) << placement << " " << words_of(names);
    }
  }

  // Those of `names` whose every byte was found equal.
  std::set<std::string> equal_bytes(const std::vector<std::string>& names) {
    load({"--shadow"}, names);
    std::set<std::string> equal;
    for (const auto& line : split_lines(said_))
      if (auto end = line.find(": equal: ");
          end != line.npos && !line.ends_with(" 0 bytes") &&
          std::find(names.begin(), names.end(), line.substr(0, end)) != names.end())
        equal.insert(line.substr(0, end));
    return equal;
  }

  // One that another one's init has asked the kernel for was there already: it is loaded alone.
  void expect_equal_bytes(const std::vector<std::string>& names) {
    auto equal = equal_bytes(names);
    for (const auto& name : names)
      EXPECT_TRUE(equal.contains(name) || equal_bytes({name}).contains(name)) << name;
  }

  // Those that do not load in this guest are left out, and those that another one has brought along
  // or that cannot be unloaded; these stay loaded from here on.
  std::vector<std::string> loadable(std::vector<std::string> names) {
    std::erase_if(names, [&](const std::string& name) {
      if (is_there(name)) return left_out(name, "is there");
      if (run({"modprobe", name}).status != 0) return left_out(name, "does not load");
      try_unload_since(before_);
      before_ = loaded_names();
      return is_loaded(name) && left_out(name, "stays");
    });
    std::erase_if(names, [&](const std::string& name) {
      return is_loaded(name) && left_out(name, "came with another for good");
    });
    return names;
  }
  bool left_out(const std::string& name, const char* why) {
    left_out_ += fmt::format("{}{} ({})", left_out_.empty() ? "" : ", ", name, why);
    return true;
  }

  std::string said_, computers_, left_out_;
};

TEST_F(Sets, EveryByteIsEqual) {
  if (!names_in_sets().empty()) GTEST_SKIP() << "AllThatStockLoads does it for more";
  auto names = kChoice;
  std::erase_if(names, is_there);
  ASSERT_GE(names.size(), 25u);
  expect_equal_bytes(names);
}

TEST_F(Sets, ParityWithStock) {
  if (!names_in_sets().empty()) GTEST_SKIP() << "AllThatStockLoads does it for more";
  std::vector<std::string> half;  // each costs a load in every placement
  for (std::size_t each = 0; each < kChoice.size(); each += 2) half.push_back(kChoice[each]);
  expect_parity(half);
}

TEST_F(Sets, AllThatStockLoads) {
  auto all = names_in_sets();
  if (all.empty()) GTEST_SKIP() << "RINGSIDE_SETS names no lists of modules (make test-full)";
  auto names = loadable(all);
  constexpr std::size_t kAtOnce = 12;  // a load costs seconds under TCG, whatever it loads
  for (std::size_t at = 0; at < names.size(); at += kAtOnce) {
    auto first = names.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<std::string> some(
        first, first + static_cast<std::ptrdiff_t>(std::min(kAtOnce, names.size() - at)));
    expect_equal_bytes(some);
    expect_parity(some);
  }
  EXPECT_GE(names.size(), 25u);
  RecordProperty("loaded", static_cast<int>(names.size()));
  RecordProperty("left-out", left_out_);
}

}  // namespace
}  // namespace ringside::loader
