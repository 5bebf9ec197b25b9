#include "user/scsi/direct.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/scsi/sense.hh"
#include "include/ringside/uapi/scsi.h"
#include "user/base/reserved_memory.hh"

namespace ringside::scsi {
namespace {

constexpr std::uint32_t kPageTimeout = 20'000;

std::filesystem::path device_in(const Folders& folders) {
  return folders.dev / std::filesystem::path(RS_SCSI_DEVICE).filename();
}

rs_scsi_command call_of(const Command& command, std::byte* data) {
  rs_scsi_command call{};
  call.channel = command.address.channel;
  call.target = command.address.target;
  call.lun = command.address.lun;
  std::memcpy(call.cdb, command.cdb.bytes.data(), command.cdb.size);
  call.cdb_bytes = command.cdb.size;
  call.timeout_ms = command.timeout_ms;
  call.data = reinterpret_cast<std::uintptr_t>(data);
  call.data_bytes = command.reply_bytes;
  return call;
}

// The sense lies in `room`, behind the data.
Reply reply_of(const rs_scsi_command& call, std::byte* data, std::uint32_t data_room) {
  auto sense = std::min<std::size_t>(call.sense_bytes, RS_SCSI_SENSE_BYTES);
  std::memcpy(data + data_room, call.sense, sense);
  auto delivery = call.delivery <= RS_SCSI_NOT_ADDRESSABLE ? static_cast<Delivery>(call.delivery)
                                                           : Delivery::kFailed;
  return {delivery, static_cast<std::uint8_t>(call.status), Bytes(data + data_room, sense),
          Bytes(data, std::min(call.data_bytes, data_room))};
}

rs_scsi_page page_of(const std::string& bytes, bool is_page) {
  rs_scsi_page page{};
  page.is_page = is_page;
  page.page = is_page ? static_cast<std::uint8_t>(bytes[1]) : std::uint8_t{0};
  page.bytes = static_cast<std::uint8_t>(bytes.size());
  std::memcpy(page.data, bytes.data(), bytes.size());
  return page;
}

// Whole and short enough to be handed on.
bool is_whole_page(Bytes data, std::uint8_t page) {
  return data.size() >= 4 && load<std::uint8_t>(data, 1) == page &&
         big16(data, 2) + 4 <= data.size() && data.size() <= RS_SCSI_PAGE_BYTES;
}

}  // namespace

static_assert(static_cast<int>(Delivery::kNotAddressable) == RS_SCSI_NOT_ADDRESSABLE);

bool Direct::serves(const Folders& folders, unsigned host) {
  std::string scan;
  std::ifstream(folders.sys / "module/scsi_mod/parameters/scan") >> scan;
  if (scan == "none") return false;  // then the kernel adds nothing but for its file
  auto file = device_in(folders);
  Direct direct(UniqueFd(::open(file.c_str(), O_RDWR | O_CLOEXEC)), host);
  if (!direct.fd_) return errno != ENOENT;
  return direct.read_limits() || errno != EOPNOTSUPP;
}

Outcome<Direct> Direct::open(const Folders& folders, unsigned host) {
  auto file = device_in(folders);
  Direct direct(UniqueFd(::open(file.c_str(), O_RDWR | O_CLOEXEC)), host);
  if (!direct.fd_) return system_failure("open", file);
  TRY(direct.read_limits());
  return direct;
}

Outcome<Nothing> Direct::read_limits() {
  rs_scsi_limits call{};
  call.size = sizeof call, call.version = RS_SCSI_VERSION, call.host = host_;
  if (ioctl(fd_.get(), RS_SCSI_IOC_LIMITS, &call) != 0)
    return system_failure("ask the limits of", fmt::format("host{}", host_));
  limits_ = {call.max_channel + 1, call.max_target, call.this_target, call.max_lun};
  return ok;
}

Outcome<std::vector<Reply>> Direct::send(const std::vector<Command>& commands,
                                         std::vector<std::byte>& room) const {
  std::vector<std::size_t> starts;
  std::size_t bytes = 0;
  for (const auto& command : commands) {
    starts.push_back(bytes);
    bytes += command.reply_bytes + RS_SCSI_SENSE_BYTES;
  }
  if (room.size() < bytes) room.resize(bytes);
  std::vector<rs_scsi_command> calls;
  for (std::size_t i = 0; i < commands.size(); ++i)
    calls.push_back(call_of(commands[i], room.data() + starts[i]));
  rs_scsi_send call{};
  call.size = sizeof call, call.version = RS_SCSI_VERSION, call.host = host_;
  call.count = static_cast<std::uint32_t>(calls.size());
  call.commands = reinterpret_cast<std::uintptr_t>(calls.data());
  if (ioctl(fd_.get(), RS_SCSI_IOC_SEND, &call) != 0)
    return system_failure("send to", fmt::format("host{}", host_));
  std::vector<Reply> replies;
  for (std::size_t i = 0; i < commands.size(); ++i)
    replies.push_back(reply_of(calls[i], room.data() + starts[i], commands[i].reply_bytes));
  return replies;
}

Outcome<std::vector<Summary>> Direct::drive(const Order& order,
                                            const std::function<void(const Found&)>& found) const {
  constexpr std::size_t kState = 64 << 20;
  auto size = kState + order.goals.size() * (sizeof(Lun) * order.rules.listed + 1024);
  auto memory = TRY(ReservedMemory::take(size, "memory for a scan"));
  Arena arena(memory.span());
  auto scan = Scan::create(order, arena);
  if (!scan) return Failure{describe(scan.error(), "scan")};
  std::vector<std::byte> room;
  while (!scan->is_over()) {
    std::vector<Command> commands;
    std::size_t bytes = 0;
    while (commands.size() < RS_SCSI_COMMANDS_MAX &&
           bytes <= RS_SCSI_CALL_DATA_MAX - RS_SCSI_DATA_MAX) {
      auto command = scan->next();
      if (!command) break;
      bytes += command->reply_bytes;
      commands.push_back(*command);
    }
    auto replies = TRY(send(commands, room));
    for (std::size_t i = 0; i < commands.size(); ++i)
      if (auto each = scan->replied(commands[i].slot, replies[i])) found(*each);
  }
  std::vector<Summary> summaries;
  for (std::size_t i = 0; i < order.goals.size(); ++i) summaries.push_back(scan->summary(i));
  return summaries;
}

Outcome<Nothing> Direct::read_pages(const std::vector<Address>& addresses,
                                    std::vector<Known>& known) const {
  constexpr std::uint8_t kPages[] = {0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2};
  std::vector<std::byte> room;
  for (std::size_t first = 0; first < addresses.size(); first += RS_SCSI_COMMANDS_MAX) {
    auto count = std::min<std::size_t>(addresses.size() - first, RS_SCSI_COMMANDS_MAX);
    for (auto page : kPages) {
      std::vector<Command> commands;
      for (std::size_t i = 0; i < count; ++i)
        commands.push_back({0, addresses[first + i], inquiry_page(page, RS_SCSI_PAGE_BYTES),
                            kPageTimeout, RS_SCSI_PAGE_BYTES});
      auto replies = TRY(send(commands, room));
      for (std::size_t i = 0; i < count; ++i) {
        auto data = replies[i].data;
        if (!is_good(replies[i]) || !is_whole_page(data, page)) continue;
        known[first + i].pages.emplace_back(reinterpret_cast<const char*>(data.data()),
                                            data.size());
      }
    }
  }
  return ok;
}

Outcome<bool> Direct::add(const Address& address, const Known& known) const {
  std::vector<rs_scsi_page> pages;
  pages.push_back(page_of(known.inquiry, false));
  for (const auto& page : known.pages) pages.push_back(page_of(page, true));
  rs_scsi_add call{};
  call.size = sizeof call, call.version = RS_SCSI_VERSION, call.host = host_;
  call.channel = address.channel, call.target = address.target, call.lun = address.lun;
  call.count = static_cast<std::uint32_t>(pages.size());
  call.pages = reinterpret_cast<std::uintptr_t>(pages.data());
  if (ioctl(fd_.get(), RS_SCSI_IOC_ADD, &call) != 0 && errno != EEXIST)
    return system_failure("add", name_of(host_, address));
  return call.added != 0;
}

}  // namespace ringside::scsi
