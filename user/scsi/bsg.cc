#include "user/scsi/bsg.hh"

#include <fcntl.h>
#include <linux/bsg.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

#include "user/base/unique_fd.hh"

namespace ringside::scsi {
namespace {

// Host bytes (include/scsi/scsi_status.h).
Delivery delivery_of(unsigned transport) {
  constexpr unsigned kOk = 0, kNoConnect = 1, kTimeOut = 3, kBadTarget = 4;
  if (transport == kOk) return Delivery::kAnswered;
  if (transport == kNoConnect || transport == kBadTarget) return Delivery::kNobody;
  return transport == kTimeOut ? Delivery::kTimedOut : Delivery::kFailed;
}

sg_io_v4 header_of(const Command& command, Room& room) {
  sg_io_v4 header{};
  header.guard = 'Q';
  header.protocol = BSG_PROTOCOL_SCSI;
  header.subprotocol = BSG_SUB_PROTOCOL_SCSI_CMD;
  header.request_len = command.cdb.size;
  header.request = reinterpret_cast<std::uintptr_t>(command.cdb.bytes.data());
  header.max_response_len = static_cast<std::uint32_t>(room.sense.size());
  header.response = reinterpret_cast<std::uintptr_t>(room.sense.data());
  header.din_xfer_len = command.reply_bytes;
  header.din_xferp = reinterpret_cast<std::uintptr_t>(room.data.data());
  header.timeout = command.timeout_ms;
  return header;
}

Reply reply_of(const sg_io_v4& header, const Room& room) {
  auto left = std::clamp<std::int64_t>(header.din_resid, 0, header.din_xfer_len);
  auto sense = std::min<std::size_t>(header.response_len, room.sense.size());
  return {delivery_of(header.transport_status), static_cast<std::uint8_t>(header.device_status),
          Bytes(room.sense).first(sense),
          Bytes(room.data).first(header.din_xfer_len - static_cast<std::size_t>(left))};
}

}  // namespace

Bsg::Bsg(const Folders& folders, unsigned host, std::span<const Device> devices)
    : folder_(folders.dev / "bsg"), host_(host) {
  for (const auto& device : devices) {
    auto key = std::pair(device.address.channel, device.address.target);
    auto& carrier = carriers_.try_emplace(key, device.address.lun).first->second;
    if (device.address.lun == kReportLunsLun) carrier = kReportLunsLun;
  }
}

Address Bsg::sent_to(const Address& address) const {
  auto carrier = carriers_.find({address.channel, address.target});
  if (address.lun != kReportLunsLun || carrier == carriers_.end()) return address;
  return {address.channel, address.target, carrier->second};
}

Reply Bsg::send(const Command& command, Room& room) const {
  auto node = folder_ / name_of(host_, sent_to(command.address));
  UniqueFd fd(open(node.c_str(), O_RDWR | O_CLOEXEC));
  bool is_missing = !fd && (errno == ENOENT || errno == ENXIO || errno == ENODEV);
  if (!fd) return {is_missing ? Delivery::kNotAddressable : Delivery::kFailed, 0, {}, {}};
  if (room.data.size() < command.reply_bytes) room.data.resize(command.reply_bytes);
  auto header = header_of(command, room);
  if (ioctl(fd.get(), SG_IO, &header) != 0)
    return {errno == ENODEV || errno == ENXIO ? Delivery::kNobody : Delivery::kFailed, 0, {}, {}};
  return reply_of(header, room);
}

}  // namespace ringside::scsi
