// The linker's layout against a running kernel's: coresize, and where every section went, for
// modules that modprobe loads here. /sys/module/NAME tells; init memory is gone by then and
// initsize reads 0, but the addresses of its sections are still listed. A module whose hardware is
// not here goes again once its init function has failed: it is counted with its errno.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "tests/guest/module.hh"
#include "tests/modules/kernel_named.hh"
#include "user/modules/kernel.hh"
#include "user/modules/linker.hh"
#include "user/modules/module_file.hh"

namespace ringside::modules {
namespace {

namespace fs = std::filesystem;

constexpr std::array kNames = {
    "loop",       "ext4",     "xfs",       "btrfs",          "vfat",         "isofs",    "squashfs",
    "dm_mod",     "dm_crypt", "raid1",     "nf_tables",      "nf_conntrack", "bridge",   "tun",
    "veth",       "vxlan",    "wireguard", "sunrpc",         "fuse",         "scsi_mod", "sd_mod",
    "scsi_debug", "kvm",      "usbcore",   "crc32c_generic", "ip_tables",    "bonding",  "zram"};

// kNames, and the lists in the folder that RINGSIDE_SETS names (tests/full).
std::set<std::string> names_to_load() {
  std::set<std::string> names(kNames.begin(), kNames.end());
  const char* sets = std::getenv("RINGSIDE_SETS");
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(sets ? sets : "", error)) {
    std::ifstream file(entry.path());
    for (std::string name; file >> name;) names.insert(name);
  }
  return names;
}

// "No such device" of "modprobe: ERROR: could not insert 'kvm_intel': No such device\n".
std::string reason_of(const std::string& complaint) {
  auto line = complaint.substr(0, complaint.find('\n'));
  auto colon = line.rfind(": ");
  return colon == line.npos ? line : line.substr(colon + 2);
}

std::string read_text(const fs::path& path) {
  std::string text;
  std::ifstream(path) >> text;
  return text;
}

// The address that the kernel gave each section of a module; names that occur twice are left out.
std::map<std::string, std::uint64_t> kernel_sections(const fs::path& folder) {
  std::map<std::string, std::uint64_t> sections;
  for (const auto& entry : fs::directory_iterator(folder / "sections"))
    sections[entry.path().filename().string()] = std::stoull(read_text(entry.path()), nullptr, 16);
  return sections;
}

std::set<std::string> loaded_modules() {
  std::set<std::string> names;
  std::ifstream list("/proc/modules");
  for (std::string line; std::getline(list, line);) names.insert(line.substr(0, line.find(' ')));
  return names;
}

class Layouts : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = loaded_modules();
    auto kernel = test::kernel_named(guest::kernel_name());
    ASSERT_TRUE(kernel) << kernel.error().message;
    kernel_.emplace(*std::move(kernel));
    auto linker = Linker::create(*kernel_, none_);
    ASSERT_TRUE(linker) << linker.error().message;
    linker_.emplace(*std::move(linker));
  }

  // The tests after this one find the guest as it was, but for modules that cannot go.
  void TearDown() override {
    for (bool removed = true; removed;) {
      removed = false;
      for (const auto& name : loaded_modules())
        if (!before_.contains(name)) removed |= guest::succeeds({"rmmod", name});
    }
  }

  // Has modprobe load a module of the tree. The errnos of the kernel's linker are none of an init
  // function's.
  void load(const std::string& name) {
    auto result = run_process({{"modprobe", name}, {}, {}});
    ASSERT_TRUE(result) << result.error().message;
    if (result->status == 0) return;
    auto reason = reason_of(result->err);
    EXPECT_NE(reason, "Exec format error") << name;
    EXPECT_FALSE(reason.starts_with("Unknown symbol")) << name;
    refused_[reason] += (refused_[reason].empty() ? "" : " ") + name;
  }

  void record() {
    RecordProperty("modules", modules_);
    RecordProperty("sections", sections_);
    RecordProperty("absent", absent_);
    std::string refused;
    for (const auto& [reason, names] : refused_)
      refused += (refused.empty() ? "" : "; ") + reason + ": " + names;
    RecordProperty("refused", refused);
  }

  // Every region's base, told by each of its sections, must be one and the same whole page.
  void compare_sections(const std::string& name, const Linked& linked) {
    auto theirs = kernel_sections(fs::path("/sys/module") / name);
    std::map<unsigned, std::uint64_t> bases;
    std::set<std::string_view> seen;
    auto name_of = [&](std::uint32_t index) { return linked.module.object().section_name(index); };
    for (std::uint32_t index = 0; index < linked.layout.places.size(); ++index) {
      auto place = linked.layout.places[index];
      auto address = theirs.find(std::string(name_of(index)));
      if (place.region == kNoRegion || address == theirs.end()) continue;
      if (!seen.insert(name_of(index)).second) continue;
      auto base = address->second - place.offset;
      EXPECT_EQ(base % 4096, 0u) << name << " " << name_of(index);
      EXPECT_EQ(bases.try_emplace(place.region, base).first->second, base)
          << name << " " << name_of(index);
      ++sections_;
    }
  }

  void compare(const modtree::File& file) {
    auto opened = ModuleFile::open(kernel_->tree().path_of(file));
    ASSERT_TRUE(opened) << opened.error().message;
    std::array<Diagnostic, 16> room;
    Diagnostics diagnostics(room);
    Linked linked;
    auto laid_out = linker_->open(opened->bytes(), linked, diagnostics);
    ASSERT_TRUE(laid_out) << file.name;
    auto coresize = std::stoull(read_text(fs::path("/sys/module") / file.name / "coresize"));
    EXPECT_EQ(linked.layout.core_size(kernel_->rules()), coresize) << file.name;
    compare_sections(file.name, linked);
    ++modules_;
  }

  Overlay none_;
  std::optional<Kernel> kernel_;
  std::optional<Linker> linker_;
  std::set<std::string> before_;                // modules that were loaded
  std::map<std::string, std::string> refused_;  // names by what modprobe says
  int modules_ = 0, sections_ = 0, absent_ = 0;
};

TEST_F(Layouts, EqualWhatTheKernelReports) {
  for (const auto& name : names_to_load()) {
    if (kernel_->tree().find(name))
      load(name);
    else
      ++absent_;
  }
  for (const auto& file : kernel_->tree().files())
    if (fs::exists(fs::path("/sys/module") / file.name / "coresize")) compare(file);
  EXPECT_GE(modules_, 25);
  EXPECT_GE(sections_, 400);
  record();
}

}  // namespace
}  // namespace ringside::modules
