// The calls of the ABI, one by one; each errno is turned into what it means there.
#include "user/space/space.hh"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ringside::space {
namespace {

template <class Call>
Call call_of() {
  Call call{};
  call.size = sizeof(Call);
  call.version = RS_SPACE_VERSION;
  return call;
}

Failure refused(const char* what) {
  if (errno == ENOMEM) return {"the kernel has no memory for a space of that size", kNo};
  return system_failure(what, RS_SPACE_DEVICE);
}

}  // namespace

Outcome<Space> Space::open() {
  UniqueFd fd(::open(RS_SPACE_DEVICE, O_RDWR | O_CLOEXEC));
  if (fd) return Space(std::move(fd));
  auto failure = system_failure("open", RS_SPACE_DEVICE);
  if (errno == ENOENT) failure.message += ": ringside place --load-space loads the module";
  if (errno == EPERM) failure.message += ": needs CAP_SYS_MODULE, no lockdown and no sig_enforce";
  return failure;
}

Outcome<Addresses> Space::allocate(const std::string& name, const Addresses& bytes) {
  auto allocate = call_of<rs_space_allocate>();
  std::copy(bytes.begin(), bytes.end(), allocate.bytes);
  name.copy(allocate.name, sizeof(allocate.name) - 1);
  if (ioctl(fd_.get(), RS_SPACE_IOC_ALLOCATE, &allocate) != 0) return refused("allocate in");
  Addresses addresses;
  std::copy(std::begin(allocate.address), std::end(allocate.address), addresses.begin());
  return addresses;
}

Outcome<Nothing> Space::write(rs_space_part part, Bytes content) {
  if (content.empty()) return ok;
  auto written = pwrite(fd_.get(), content.data(), content.size(), RS_SPACE_AT(part, 0));
  if (written != static_cast<ssize_t>(content.size())) return refused("write to");
  return ok;
}

Outcome<Nothing> Space::read(rs_space_part part, std::uint32_t offset,
                             std::span<std::byte> content) {
  auto got = pread(fd_.get(), content.data(), content.size(), RS_SPACE_AT(part, offset));
  if (got != static_cast<ssize_t>(content.size())) return refused("read from");
  return ok;
}

Outcome<int> Space::seal(std::uint64_t init, std::uint64_t exit) {
  auto seal = call_of<rs_space_seal>();
  seal.init = init, seal.exit = exit;
  if (ioctl(fd_.get(), RS_SPACE_IOC_SEAL, &seal) != 0) return refused("seal");
  return int{seal.result};
}

Outcome<Called> Space::call(std::uint64_t function, std::span<const std::uint64_t> arguments) {
  auto call = call_of<rs_space_call>();
  call.function = function;
  std::copy_n(arguments.begin(), std::min<std::size_t>(arguments.size(), RS_SPACE_ARGUMENTS),
              call.arguments);
  if (ioctl(fd_.get(), RS_SPACE_IOC_CALL, &call) != 0) return refused("call into");
  return Called{call.result, call.elapsed_ns};
}

Outcome<std::vector<rs_space_record>> Space::list() {
  constexpr std::size_t kAtOnce = 64;
  std::vector<rs_space_record> records;
  for (;;) {
    auto list = call_of<rs_space_list>();
    list.first = static_cast<std::uint32_t>(records.size());
    list.count = kAtOnce;
    records.resize(records.size() + kAtOnce);
    list.records = reinterpret_cast<std::uintptr_t>(&records[list.first]);
    if (ioctl(fd_.get(), RS_SPACE_IOC_LIST, &list) != 0) return refused("list");
    records.resize(list.first + list.count);
    if (list.count < kAtOnce) return records;
  }
}

const char* state_name(std::uint32_t state) {
  constexpr const char* kNames[] = {"empty", "open", "sealed", "ready", "kept"};
  return state < std::size(kNames) ? kNames[state] : "unknown";
}

}  // namespace ringside::space
