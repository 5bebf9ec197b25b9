// Targets that answer a scan: what a test makes of them, in any order of replies.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <vector>

#include "core/scsi/scan.hh"
#include "core/scsi/sense.hh"

namespace ringside::scsi::test {

using Data = std::vector<std::uint8_t>;

inline Bytes bytes_in(const Data& data) {
  return std::as_bytes(std::span(data));
}

// Standard INQUIRY data of `size` bytes.
inline Data inquiry_data(std::uint8_t type, std::uint8_t version, const std::string& vendor,
                         const std::string& model, std::size_t size = 96) {
  Data data(size, 0);
  data[0] = type, data[2] = version, data[3] = 2;
  data[4] = static_cast<std::uint8_t>(size - 5);
  auto put = [&](std::size_t at, const std::string& text, std::size_t room) {
    for (std::size_t i = 0; i < room; ++i) data[at + i] = i < text.size() ? text[i] : ' ';
  };
  put(8, vendor, 8), put(16, model, 16), put(32, "0001", 4);
  return data;
}
inline Data disk(std::uint8_t version = 6) {
  return inquiry_data(0, version, "RINGSIDE", "DISK");
}
inline Data nothing_there() {
  return inquiry_data(0x7f, 6, "RINGSIDE", "NOTHING");
}

inline Data report_data(const std::vector<Lun>& luns) {
  Data data(8 + 8 * luns.size(), 0);
  for (unsigned i = 0; i < 4; ++i)
    data[i] = static_cast<std::uint8_t>(8 * luns.size() >> (24 - 8 * i));
  for (std::size_t i = 0; i < luns.size(); ++i) {
    auto bytes = bytes_of(luns[i]);
    std::copy(bytes.begin(), bytes.end(), data.begin() + 8 + static_cast<std::ptrdiff_t>(8 * i));
  }
  return data;
}

inline Data fixed_sense(std::uint8_t key, std::uint8_t asc, std::uint8_t ascq) {
  Data sense(18, 0);
  sense[0] = 0x70, sense[2] = key, sense[7] = 10, sense[12] = asc, sense[13] = ascq;
  return sense;
}
inline const Data kPowerOn = fixed_sense(6, 0x29, 0);
inline const Data kIllegalRequest = fixed_sense(5, 0x20, 0);

// An answer that owns its bytes.
struct Answer {
  Delivery delivery = Delivery::kAnswered;
  std::uint8_t status = 0;
  Data data = {}, sense = {};

  Reply reply(std::uint32_t room) const {
    auto size = std::min<std::size_t>(room, data.size());
    return {delivery, status, bytes_in(sense), bytes_in(data).first(size)};
  }
};
inline Answer check(const Data& sense) {
  return {Delivery::kAnswered, kCheckCondition, {}, sense};
}

struct SimulatedTarget {
  std::map<Lun, Data> units;
  Data absent = nothing_there();  // what other LUNs say
  std::optional<Data> list;       // else all units
  bool knows_list = true;
  // What a command meets instead, if anything; called once a command.
  std::function<std::optional<Answer>(const Command&)> fault = nullptr;
};

class Simulator {
 public:
  SimulatedTarget& target(std::uint32_t target, std::uint32_t channel = 0) {
    return targets_[{channel, target}];
  }

  Answer answer(const Command& command) {
    sent.push_back(command);
    auto found = targets_.find({command.address.channel, command.address.target});
    if (found == targets_.end()) return {Delivery::kNobody};
    auto& target = found->second;
    if (auto met = target.fault ? target.fault(command) : std::nullopt) return *met;
    return command.cdb.bytes[0] == 0xa0 ? list_of(target) : inquiry_of(target, command);
  }

  std::vector<Command> sent;

 private:
  static Answer list_of(const SimulatedTarget& target) {
    if (!target.knows_list) return check(kIllegalRequest);
    if (target.list) return {Delivery::kAnswered, 0, *target.list};
    std::vector<Lun> luns;
    for (const auto& [lun, data] : target.units) luns.push_back(lun);
    return {Delivery::kAnswered, 0, report_data(luns)};
  }
  static Answer inquiry_of(const SimulatedTarget& target, const Command& command) {
    auto unit = target.units.find(command.address.lun);
    auto data = unit == target.units.end() ? target.absent : unit->second;
    data.resize(std::min<std::size_t>(data.size(), command.cdb.bytes[4]));
    return {Delivery::kAnswered, 0, data};
  }

  std::map<std::pair<std::uint32_t, std::uint32_t>, SimulatedTarget> targets_;
};

struct Device {
  Address address;
  Data inquiry;
  Flags flags = 0;
};
struct Outcome {
  std::vector<Device> devices;
  std::vector<Found> others;  // without a device; their data is gone
  std::vector<Summary> summaries;
  std::size_t most_out = 0;

  std::vector<Lun> luns() const {
    std::vector<Lun> luns;
    for (const auto& device : devices) luns.push_back(device.address.lun);
    return luns;
  }
};

struct Settings {
  std::vector<Goal> goals = {{0, 0}};
  Rules rules = {};
  std::vector<Quirk> quirks = {};
  std::uint32_t slots = 8;
  unsigned seed = 0;  // 0: replies come in the order of commands
  std::size_t memory = 8 << 20;
};

// Runs a scan to its end. Devices come in the order in which they were found.
inline Outcome run(Simulator& simulator, const Settings& settings = {}) {
  std::vector<std::byte> memory(settings.memory);
  Arena arena(memory);
  auto scan =
      Scan::create({settings.goals, settings.quirks, settings.rules, settings.slots}, arena);
  Outcome outcome;
  EXPECT_TRUE(scan) << (scan ? "" : scan.error().what);
  if (!scan) return outcome;
  std::mt19937 random(settings.seed);
  std::vector<Command> out;
  for (unsigned steps = 0; !scan->is_over() && steps < 1'000'000; ++steps) {
    while (auto command = scan->next()) out.push_back(*command);
    outcome.most_out = std::max(outcome.most_out, out.size());
    EXPECT_FALSE(out.empty()) << "the scan waits for nothing";
    if (out.empty()) break;
    auto which = settings.seed ? random() % out.size() : 0;
    auto command = out[which];
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(which));
    auto answer = simulator.answer(command);
    auto found = scan->replied(command.slot, answer.reply(command.reply_bytes));
    if (!found) continue;
    if (found->verdict != Verdict::kDevice) {
      outcome.others.push_back(*found);
      continue;
    }
    auto data = reinterpret_cast<const std::uint8_t*>(found->inquiry.data());
    outcome.devices.push_back({found->address, {data, data + found->inquiry.size()}, found->flags});
  }
  EXPECT_TRUE(scan->is_over());
  EXPECT_FALSE(scan->next());
  for (std::size_t i = 0; i < settings.goals.size(); ++i)
    outcome.summaries.push_back(scan->summary(i));
  return outcome;
}

}  // namespace ringside::scsi::test
