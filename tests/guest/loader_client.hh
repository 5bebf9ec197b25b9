// A small client of /dev/ringside for tests: calls that answer with an errno, a thread whose load
// is handed over, and the bytes that each section must have, linked here at the kernel's addresses.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <future>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/modules/link.hh"
#include "core/modules/signature.hh"
#include "ringside/uapi/loader.h"
#include "tests/guest/module.hh"
#include "user/base/unique_fd.hh"
#include "user/modules/module_file.hh"

namespace ringside::guest {

constexpr std::uint32_t kTimeout = 30'000;  // ms: more than any guest takes between two calls

template <class Call>
Call loader_call() {
  Call call{};
  call.size = sizeof(Call);
  call.version = RS_LOADER_VERSION;
  return call;
}

class LoaderFile {
 public:
  explicit LoaderFile(int flags = 0) : fd_(open(RS_LOADER_DEVICE, O_RDWR | O_CLOEXEC | flags)) {}

  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }
  template <class Call>
  int call(unsigned long command, Call& call) const {
    return ioctl(fd(), command, &call) == 0 ? 0 : errno;
  }
  int arm(std::uint32_t mode, std::uint32_t timeout = kTimeout) const {
    auto arm = loader_call<rs_loader_arm>();
    arm.mode = mode, arm.timeout_ms = timeout;
    return call(RS_LOADER_IOC_ARM, arm);
  }
  int disarm() const {
    auto disarm = loader_call<rs_loader_disarm>();
    return call(RS_LOADER_IOC_DISARM, disarm);
  }
  int wait(rs_loader_load& load) const {
    load = loader_call<rs_loader_load>();
    return call(RS_LOADER_IOC_WAIT, load);
  }
  int complete(std::uint32_t verdict, std::uint32_t error = 0) const {
    auto call_with = loader_call<rs_loader_verdict>();
    call_with.verdict = verdict, call_with.error = error;
    return call(RS_LOADER_IOC_COMPLETE, call_with);
  }
  rs_loader_status status() const {
    auto status = loader_call<rs_loader_status>();
    call(RS_LOADER_IOC_STATUS, status);
    return status;
  }
  template <class Record>
  std::vector<Record> table(unsigned long command, std::uint32_t count) const {
    std::vector<Record> records(count);
    auto table = loader_call<rs_loader_table>();
    table.count = count;
    table.records = reinterpret_cast<std::uintptr_t>(records.data());
    if (call(command, table) != 0) table.count = 0;
    records.resize(table.count);
    return records;
  }
  int write(std::uint32_t section, std::uint32_t offset, const void* from, std::size_t size) const {
    auto done = pwrite(fd(), from, size, RS_LOADER_AT(section, offset));
    return done == static_cast<ssize_t>(size) ? 0 : done < 0 ? errno : EIO;
  }
  int read(std::uint32_t section, std::uint32_t offset, void* to, std::size_t size) const {
    auto done = pread(fd(), to, size, RS_LOADER_AT(section, offset));
    return done == static_cast<ssize_t>(size) ? 0 : done < 0 ? errno : EIO;
  }

 private:
  UniqueFd fd_;
};

// A module file of the guest's tree, opened by the core.
class StockModule {
 public:
  explicit StockModule(const std::filesystem::path& path)
      : file_(*modules::ModuleFile::open(path)), memory_(16u << 20) {
    Arena arena(memory_);
    modules::Diagnostics diagnostics(room_);
    content_ = modules::split_signature(file_.bytes(), diagnostics).content;
    object_.emplace(
        *modules::Object::open(content_, *modules::rules_for(release()), arena, diagnostics));
  }

  Bytes bytes() const { return file_.bytes(); }
  const modules::Object& object() const { return *object_; }

 private:
  modules::ModuleFile file_;
  std::vector<std::byte> memory_;
  std::array<modules::Diagnostic, 4> room_;
  Bytes content_;
  std::optional<modules::Object> object_;
};

// Where the guest's tree has a module, and what it needs: modules.dep, whose paths are relative.
struct Dependencies {
  std::filesystem::path path;
  std::vector<std::string> needs;
};

inline Dependencies dependencies_of(const std::string& name) {
  auto folder = std::filesystem::path("/lib/modules") / release();
  std::ifstream file(folder / "modules.dep");
  for (std::string line; std::getline(file, line);) {
    auto colon = line.find(':');
    std::filesystem::path path = line.substr(0, colon);
    auto stem = path.filename().string();
    stem = stem.substr(0, stem.find('.'));
    std::replace(stem.begin(), stem.end(), '-', '_');
    if (stem != name) continue;
    Dependencies found{folder / path, {}};
    std::istringstream needs(line.substr(colon + 1));
    for (std::string need; needs >> need;) found.needs.push_back(folder / need);
    return found;
  }
  return {};
}

inline int delete_module(const std::string& name) {
  return syscall(SYS_delete_module, name.c_str(), O_NONBLOCK) == 0 ? 0 : errno;
}

inline int init_module(Bytes bytes, const char* parameters = "") {
  return syscall(SYS_init_module, bytes.data(), bytes.size(), parameters) == 0 ? 0 : errno;
}

// Arms and loads in a thread of its own. arm() tells when the arm stands; result() joins. A load
// that never came to the hook is disarmed, so that nobody waits for it.
class HandedLoad {
 public:
  HandedLoad(const LoaderFile& file, Bytes bytes, std::uint32_t mode,
             std::uint32_t timeout = kTimeout)
      : armed_(arm_.get_future()), thread_([=, this, &file] {
          auto error = file.arm(mode, timeout);
          arm_.set_value(error);
          result_ = error != 0 ? -1 : init_module(bytes);
          pollfd events{file.fd(), POLLIN, 0};
          if (poll(&events, 1, 0) == 0) file.disarm();
        }) {}
  ~HandedLoad() {
    if (thread_.joinable()) thread_.join();
  }

  int arm() { return armed_.get(); }
  int result() {
    thread_.join();
    return result_;
  }

 private:
  std::promise<int> arm_;
  std::future<int> armed_;
  int result_ = -1;
  std::thread thread_;
};

// What each section of the parked load must hold when it is relocated; empty where it is not in
// the module's memory.
struct LinkedHere {
  std::vector<rs_loader_section> sections;
  std::vector<std::uint64_t> symbols;
  std::vector<std::vector<std::byte>> bytes;
  std::uint64_t faults = 0;
};

inline LinkedHere link_at(std::vector<rs_loader_section> sections,
                          std::vector<std::uint64_t> symbols, const modules::Object& object) {
  LinkedHere here;
  here.sections = std::move(sections);
  here.symbols = std::move(symbols);
  here.bytes.resize(here.sections.size());
  std::vector<modules::Target> targets(here.sections.size());
  for (std::size_t each = 1; each < targets.size(); ++each) {
    if (here.sections[each].address == 0) continue;
    auto contents = object.contents(static_cast<std::uint32_t>(each));
    here.bytes[each].resize(here.sections[each].bytes);
    std::copy(contents.begin(), contents.end(), here.bytes[each].begin());
    targets[each] = {here.bytes[each], here.sections[each].address};
  }
  std::array<modules::Diagnostic, 4> room;
  modules::Diagnostics diagnostics(room);
  modules::relocate_sections(object, targets, here.symbols, diagnostics);
  here.faults = diagnostics.blocking();
  (void)modules::write_symbols(object, here.symbols, here.bytes[object.symbol_section()]);
  return here;
}

inline LinkedHere link_here(const LoaderFile& file, const rs_loader_load& load,
                            const modules::Object& object) {
  return link_at(file.table<rs_loader_section>(RS_LOADER_IOC_SECTIONS, load.sections),
                 file.table<std::uint64_t>(RS_LOADER_IOC_SYMBOLS, load.symbols), object);
}

// The relocations of struct module: its init and exit words, as offsets.
inline std::vector<std::uint32_t> entry_words(const rs_loader_load& load,
                                              const modules::Object& object) {
  std::vector<std::uint32_t> offsets;
  for (std::uint32_t each = 1; each < object.sections().size(); ++each) {
    const auto& section = object.sections()[each];
    if (section.type != modules::kSectionRela || section.info != load.module_section) continue;
    auto records = object.contents(each);
    for (std::size_t at = 0; at < records.size(); at += sizeof(modules::Relocation))
      offsets.push_back(
          static_cast<std::uint32_t>(ringside::load<modules::Relocation>(records, at).offset));
  }
  return offsets;
}

// Writes every section that has relocations; the first error.
inline int write_all(const LoaderFile& file, const rs_loader_load& load, const LinkedHere& here,
                     const modules::Object& object) {
  for (auto offset : entry_words(load, object))
    if (int error = file.write(load.module_section, offset,
                               here.bytes[load.module_section].data() + offset, 8))
      return error;
  for (std::uint32_t each = 1; each < object.sections().size(); ++each) {
    const auto& section = object.sections()[each];
    if (section.type != modules::kSectionRela || section.info == load.module_section) continue;
    if (section.info >= here.bytes.size() || here.bytes[section.info].empty()) continue;
    const auto& bytes = here.bytes[section.info];
    if (int error = file.write(section.info, 0, bytes.data(), bytes.size())) return error;
  }
  return 0;
}

}  // namespace ringside::guest
