// /dev/ringside-ksyms by ioctl; each errno is turned into what it means there.
#include "user/ksyms/device.hh"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace ringside::ksyms {
namespace {

// What the errno of a call to the module means here, or the system's word for it.
Failure refused(const char* what) {
  switch (errno) {
    case EBADMSG:
      return {"the kernel refused the symbol table as damaged (dmesg says where)", kNo};
    case EXDEV:
      return {"the symbol table is of another kernel than the one that runs", kNo};
    case ENODATA:
      return {"the kernel holds no symbol table yet", kNo};
    default:
      return system_failure(what, RS_KSYMS_DEVICE);
  }
}

template <class Call>
Call call() {
  Call call{};
  call.size = sizeof(Call);
  call.version = RS_KSYMS_VERSION;
  return call;
}

}  // namespace

Outcome<Device> Device::open() {
  UniqueFd fd(::open(RS_KSYMS_DEVICE, O_RDWR | O_CLOEXEC));
  if (fd) return Device(std::move(fd));
  auto failure = system_failure("open", RS_KSYMS_DEVICE);
  if (errno == ENOENT) failure.message += " (insmod ringside_ksyms.ko first)";
  return failure;
}

Outcome<Nothing> Device::take(Bytes table) {
  auto take = call<rs_ksyms_take>();
  take.table = reinterpret_cast<std::uintptr_t>(table.data());
  take.table_bytes = table.size();
  if (ioctl(fd_.get(), RS_KSYMS_IOC_TAKE, &take) != 0) return refused("hand a table to");
  return ok;
}

Outcome<rs_ksyms_status> Device::status() {
  auto status = call<rs_ksyms_status>();
  if (ioctl(fd_.get(), RS_KSYMS_IOC_STATUS, &status) != 0) return refused("ask");
  return status;
}

Outcome<std::uint64_t> Device::look_up(rs_ksyms_op op, std::span<rs_ksyms_record> records) {
  auto lookup = call<rs_ksyms_lookup>();
  lookup.op = op;
  lookup.count = static_cast<std::uint32_t>(records.size());
  lookup.records = reinterpret_cast<std::uintptr_t>(records.data());
  if (ioctl(fd_.get(), RS_KSYMS_IOC_LOOKUP, &lookup) != 0) return refused("look up in");
  return std::uint64_t{lookup.elapsed_ns};
}

}  // namespace ringside::ksyms
