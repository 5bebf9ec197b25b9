#include "user/scsi/sysfs.hh"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "user/base/unique_fd.hh"

namespace ringside::scsi {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSector = 512;  // sysfs counts in these, whatever the disk's blocks are

// Attributes are of a page at most.
std::string content_of(const fs::path& file) {
  UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> page;
  auto size = fd ? pread(fd.get(), page.data(), page.size(), 0) : 0;
  return {page.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
}

std::string line_of(const fs::path& file) {
  auto text = content_of(file);
  return text.substr(0, text.find('\n'));
}

int write_to(const fs::path& file, const std::string& text) {
  UniqueFd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  return write(fd.get(), text.data(), text.size()) < 0 ? errno : 0;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "2:0:1:5" as a device's folder is called; nothing where it is a host's or a target's.
std::optional<Device> device_of(std::string_view name) {
  std::array<std::uint64_t, 4> parts{};
  for (std::size_t i = 0; i < 4; ++i) {
    auto end = i < 3 ? name.find(':') : name.size();
    if (end == name.npos) return std::nullopt;
    auto part = number<std::uint64_t>(name.substr(0, end));
    if (!part) return std::nullopt;
    parts[i] = *part;
    name.remove_prefix(i < 3 ? end + 1 : end);
  }
  Device device;
  device.host = static_cast<unsigned>(parts[0]);
  device.address = {static_cast<std::uint32_t>(parts[1]), static_cast<std::uint32_t>(parts[2]),
                    parts[3]};
  return device;
}

std::string first_in(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  return error || entries == fs::directory_iterator() ? "" : entries->path().filename().string();
}

template <class T>
std::string word_of(const std::optional<T>& part) {
  return part ? std::to_string(*part) : "-";
}

}  // namespace

std::string name_of(unsigned host, const Address& address) {
  return fmt::format("{}:{}:{}:{}", host, address.channel, address.target, address.lun);
}

std::string Device::name() const {
  return name_of(host, address);
}

bool Selection::has(const Address& address) const {
  return (!channel || *channel == address.channel) && (!target || *target == address.target) &&
         (!lun || *lun == address.lun);
}

std::vector<unsigned> Sysfs::hosts() const {
  std::vector<unsigned> hosts;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folders_.sys / "class/scsi_host", error)) {
    auto name = entry.path().filename().string();
    if (!name.starts_with("host")) continue;
    if (auto host = number<unsigned>(name.substr(4))) hosts.push_back(*host);
  }
  std::sort(hosts.begin(), hosts.end());
  return hosts;
}

std::string Sysfs::driver(unsigned host) const {
  return line_of(folders_.sys / fmt::format("class/scsi_host/host{}/proc_name", host));
}

std::vector<Device> Sysfs::devices(unsigned host, const Selection& selection) const {
  std::vector<Device> devices;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folders_.sys / "bus/scsi/devices", error)) {
    auto device = device_of(entry.path().filename().string());
    if (!device || device->host != host || !selection.has(device->address)) continue;
    device->state = line_of(entry.path() / "state");
    if (device->state.empty()) continue;
    device->inquiry = content_of(entry.path() / "inquiry");
    device->type = number<std::uint8_t>(line_of(entry.path() / "type")).value_or(0);
    device->block = first_in(entry.path() / "block");
    device->bytes = bytes_of(*device);
    devices.push_back(std::move(*device));
  }
  std::sort(devices.begin(), devices.end(), [](const Device& a, const Device& b) {
    return std::tie(a.address.channel, a.address.target, a.address.lun) <
           std::tie(b.address.channel, b.address.target, b.address.lun);
  });
  return devices;
}

bool Sysfs::has(unsigned host, const Address& address) const {
  std::error_code error;
  return fs::exists(folders_.sys / "bus/scsi/devices" / name_of(host, address), error);
}

std::string Sysfs::page(const Device& device, std::uint8_t page) const {
  return content_of(folder(device) / fmt::format("vpd_pg{:02x}", page));
}

std::uint64_t Sysfs::bytes_of(const Device& device) const {
  if (device.block.empty()) return 0;
  auto sectors = line_of(folder(device) / "block" / device.block / "size");
  return number<std::uint64_t>(sectors).value_or(0) * kSector;
}

int Sysfs::scan(unsigned host, const Selection& selection) const {
  auto text = fmt::format("{} {} {}", word_of(selection.channel), word_of(selection.target),
                          word_of(selection.lun));
  return write_to(folders_.sys / fmt::format("class/scsi_host/host{}/scan", host), text);
}

int Sysfs::remove(const Device& device) const {
  return write_to(folder(device) / "delete", "1");
}

int Sysfs::rescan(const Device& device) const {
  return write_to(folder(device) / "rescan", "1");
}

fs::path Sysfs::folder(const Device& device) const {
  return folders_.sys / "bus/scsi/devices" / device.name();
}

}  // namespace ringside::scsi
