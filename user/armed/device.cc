// /dev/ringside-oops by ioctl; each errno is turned into what it means there.
#include "user/armed/device.hh"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

namespace ringside::armed {
namespace {

Failure refused(const char* what) {
  switch (errno) {
    case EBADMSG:
      return {"the kernel refused the table as damaged (dmesg says where)", kNo};
    case EXDEV:
      return {"the table is of another build than the one that runs", kNo};
    case ENOSPC:
      return {"the kernel holds as many tables as it may", kNo};
    case ENODEV:
      return {"the kernel's ftrace has given up (dmesg says why): nothing can be hooked", kNo};
    case EIO:
      return {
          "it faulted once while it printed, and prints no more until ringside_oops is "
          "loaded anew",
          kNo};
    case EBUSY:
      return {
          "the kernel's traces cannot be hooked now: ftrace is off (sysctl "
          "kernel.ftrace_enabled), or a live patch has the function",
          kNo};
    default:
      return system_failure(what, RS_OOPS_DEVICE);
  }
}

template <class Call>
Call call() {
  Call call{};
  call.size = sizeof(Call);
  call.version = RS_OOPS_VERSION;
  return call;
}

}  // namespace

Outcome<Device> Device::open() {
  UniqueFd fd(::open(RS_OOPS_DEVICE, O_RDWR | O_CLOEXEC));
  if (fd) return Device(std::move(fd));
  auto failure = system_failure("open", RS_OOPS_DEVICE);
  if (errno == ENOENT) failure.message += " (modprobe ringside_oops, or insmod its file, first)";
  return failure;
}

Outcome<Nothing> Device::take(rs_oops_take take, Bytes table) {
  take.size = sizeof take, take.version = RS_OOPS_VERSION;
  take.table = reinterpret_cast<std::uintptr_t>(table.data());
  take.table_bytes = table.size();
  if (ioctl(fd_.get(), RS_OOPS_IOC_TAKE, &take) != 0) return refused("hand a table to");
  return ok;
}

Outcome<Nothing> Device::take_symbols(Bytes table) {
  rs_oops_take about{};
  about.kind = RS_OOPS_SYMBOLS;
  return take(about, table);
}

Outcome<Nothing> Device::take_lines(Bytes table) {
  rs_oops_take about{};
  about.kind = RS_OOPS_LINES;
  return take(about, table);
}

Outcome<Nothing> Device::take_module(rs_oops_take about, Bytes table,
                                     std::span<const rs_oops_part> parts) {
  about.kind = RS_OOPS_MODULE;
  about.parts = static_cast<std::uint32_t>(parts.size());
  about.part_records = reinterpret_cast<std::uintptr_t>(parts.data());
  return take(about, table);
}

Outcome<Nothing> Device::take_space(const std::string& name, Bytes table) {
  rs_oops_take about{};
  about.kind = RS_OOPS_SPACE;
  name.copy(about.name, sizeof about.name - 1);
  return take(about, table);
}

Outcome<Nothing> Device::drop_all() {
  auto drop = call<rs_oops_drop>();
  if (ioctl(fd_.get(), RS_OOPS_IOC_DROP, &drop) != 0) return refused("take tables from");
  return ok;
}

Outcome<bool> Device::drop(const std::string& module) {
  auto drop = call<rs_oops_drop>();
  if (module.size() >= sizeof drop.name) return false;
  std::memcpy(drop.name, module.data(), module.size());
  if (ioctl(fd_.get(), RS_OOPS_IOC_DROP, &drop) == 0) return true;
  if (errno == ENOENT) return false;
  return refused("take a table from");
}

Outcome<Nothing> Device::arm(bool on) {
  auto arm = call<rs_oops_arm>();
  arm.on = on;
  if (ioctl(fd_.get(), RS_OOPS_IOC_ARM, &arm) != 0) return refused("arm");
  return ok;
}

Outcome<rs_oops_status> Device::status() {
  auto status = call<rs_oops_status>();
  if (ioctl(fd_.get(), RS_OOPS_IOC_STATUS, &status) != 0) return refused("ask");
  return status;
}

Outcome<Device::Frame> Device::frame(std::uint64_t address, bool is_return) {
  auto frame = call<rs_oops_frame>();
  std::string text(RS_OOPS_TEXT_MAX, '\0');
  frame.address = address, frame.is_return = is_return;
  frame.text = reinterpret_cast<std::uintptr_t>(text.data());
  if (ioctl(fd_.get(), RS_OOPS_IOC_FRAME, &frame) != 0) return refused("ask");
  text.resize(frame.text_bytes);
  return Frame{text, frame.elapsed_ns};
}

}  // namespace ringside::armed
