#include "user/scsi/holders.hh"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace ringside::scsi {
namespace {

namespace fs = std::filesystem;
using Numbers = std::pair<bool, std::string>;  // is it a block device, "8:16"

std::string line_of(const fs::path& file) {
  std::string line;
  std::ifstream stream(file);
  std::getline(stream, line);
  return line;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

// What a block device that stands on another one is.
std::string name_of_holder(const fs::path& holder) {
  auto name = line_of(holder / "dm/name"), uuid = line_of(holder / "dm/uuid");
  if (uuid.starts_with("mpath-")) return "multipath " + name;
  if (uuid.starts_with("LVM-")) return "LVM " + name;
  if (!name.empty()) return "device-mapper " + name;
  return (fs::exists(holder / "md") ? "md " : "block device ") + holder.filename().string();
}

// The block devices of a SCSI device: the disk, its partitions, and the nodes that are no disks.
struct Nodes {
  std::vector<fs::path> blocks;
  std::set<Numbers> numbers;
};

void add_numbers(const fs::path& folder, bool is_block, Nodes& nodes) {
  auto numbers = line_of(folder / "dev");
  if (!numbers.empty()) nodes.numbers.insert({is_block, numbers});
}

Nodes nodes_of(const fs::path& folder) {
  Nodes nodes;
  for (const auto& disk : entries_of(folder / "block")) {
    nodes.blocks.push_back(disk);
    for (const auto& part : entries_of(disk))
      if (fs::exists(part / "partition")) nodes.blocks.push_back(part);
  }
  for (const auto& block : nodes.blocks) add_numbers(block, true, nodes);
  for (auto kind : {"scsi_generic", "scsi_tape", "scsi_changer", "bsg"})
    for (const auto& node : entries_of(folder / kind)) add_numbers(node, false, nodes);
  return nodes;
}

// "8:1" to where it is mounted.
std::multimap<std::string, std::string> mounts(const fs::path& proc) {
  std::multimap<std::string, std::string> mounts;
  std::ifstream lines(proc / "self/mountinfo");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, numbers, root, where;
    words >> id >> parent >> numbers >> root >> where;
    mounts.emplace(numbers, where);
  }
  return mounts;
}

std::string numbers_of(const fs::path& file, bool& is_block) {
  struct stat status;
  if (stat(file.c_str(), &status) != 0) return "";
  is_block = S_ISBLK(status.st_mode);
  if (!is_block && !S_ISCHR(status.st_mode)) return "";
  return fmt::format("{}:{}", major(status.st_rdev), minor(status.st_rdev));
}

std::set<std::string> swaps(const fs::path& proc) {
  std::set<std::string> swaps;
  std::ifstream lines(proc / "swaps");
  for (std::string line; std::getline(lines, line);) {
    bool is_block = false;
    auto numbers = numbers_of(line.substr(0, line.find(' ')), is_block);
    if (is_block) swaps.insert(numbers);
  }
  return swaps;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// Device nodes to those who have them open. A process may end meanwhile, or be another user's.
std::multimap<Numbers, std::string> openers(const fs::path& proc, const std::set<Numbers>& wanted) {
  std::multimap<Numbers, std::string> openers;
  for (const auto& process : entries_of(proc)) {
    auto id = process.filename().string();
    if (!is_number(id)) continue;
    std::set<Numbers> seen;
    for (const auto& file : entries_of(process / "fd")) {
      bool is_block = false;
      Numbers numbers{false, numbers_of(file, is_block)};
      numbers.first = is_block;
      if (wanted.contains(numbers) && seen.insert(numbers).second)
        openers.emplace(numbers, fmt::format("opened by {} ({})", id, line_of(process / "comm")));
    }
  }
  return openers;
}

struct World {
  std::multimap<std::string, std::string> mounts;
  std::set<std::string> swaps;
  std::multimap<Numbers, std::string> openers;
};

std::vector<std::string> holders_of(const Nodes& nodes, const World& world) {
  std::vector<std::string> holders;
  for (const auto& block : nodes.blocks) {
    for (const auto& holder : entries_of(block / "holders"))
      holders.push_back(name_of_holder(holder));
    auto numbers = line_of(block / "dev");
    auto [first, last] = world.mounts.equal_range(numbers);
    for (; first != last; ++first) holders.push_back("mounted on " + first->second);
    if (world.swaps.contains(numbers)) holders.push_back("swap");
  }
  for (const auto& numbers : nodes.numbers) {
    auto [first, last] = world.openers.equal_range(numbers);
    for (; first != last; ++first) holders.push_back(first->second);
  }
  return holders;
}

}  // namespace

std::vector<std::vector<std::string>> holders_of(const Sysfs& sysfs,
                                                 const std::vector<Device>& devices) {
  std::vector<Nodes> nodes;
  std::set<Numbers> wanted;
  for (const auto& device : devices) {
    nodes.push_back(nodes_of(sysfs.folder(device)));
    wanted.insert(nodes.back().numbers.begin(), nodes.back().numbers.end());
  }
  const auto& proc = sysfs.folders().proc;
  World world{mounts(proc), swaps(proc),
              wanted.empty() ? decltype(World::openers)() : openers(proc, wanted)};
  std::vector<std::vector<std::string>> holders;
  for (const auto& each : nodes) holders.push_back(holders_of(each, world));
  return holders;
}

}  // namespace ringside::scsi
