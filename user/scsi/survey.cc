#include "user/scsi/survey.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/scsi/capacity.hh"
#include "core/scsi/identity.hh"
#include "core/scsi/sense.hh"
#include "user/scsi/driver.hh"
#include "user/scsi/workers.hh"

namespace ringside::scsi {
namespace {

using Key = std::tuple<std::uint32_t, std::uint32_t, Lun>;

Key key_of(const Address& address) {
  return {address.channel, address.target, address.lun};
}

struct Asked {
  Verdict verdict = Verdict::kSilent;
  Delivery delivery = Delivery::kAnswered;
  bool is_listed = false;
  std::string inquiry;
};
using Answers = std::map<Key, Asked>;

// Verdicts by address. A list may be scanned while a LUN of it was a goal by itself.
Outcome<std::vector<Summary>> ask(const Bsg& bsg, const std::vector<Goal>& goals,
                                  std::span<const Quirk> quirks, unsigned slots, Answers& answers) {
  Order order{goals, quirks, {}, slots};
  auto send = [&](const Command& command, Room& room) { return bsg.send(command, room); };
  return drive(order, send, [&](const Found& found) {
    auto text = reinterpret_cast<const char*>(found.inquiry.data());
    answers[key_of(found.address)] = {found.verdict, found.delivery, found.is_listed,
                                      std::string(text, found.inquiry.size())};
  });
}

// The targets that can be scanned: those of devices that the kernel runs.
std::vector<Goal> goals_of(std::span<const Device> devices) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> targets;
  for (const auto& device : devices)
    if (device.state == "running") targets.insert({device.address.channel, device.address.target});
  std::vector<Goal> goals;
  for (auto [channel, target] : targets) goals.push_back({channel, target});
  return goals;
}

// A LUN is looked for in its target's list, which any of the target's devices may be asked for.
Selection of_targets(Selection selection) {
  selection.lun.reset();
  return selection;
}

std::vector<std::string> warnings_of(unsigned host, const Goal& goal, const Summary& summary) {
  std::vector<std::string> warnings;
  auto warn = [&](const std::string& what) {
    warnings.push_back(fmt::format("{}:{}:{}: {}", host, goal.channel, goal.target, what));
  };
  if (summary.is_cut) warn("its list of LUNs is longer than what was read of it");
  if (summary.duplicates > 0) warn(fmt::format("lists {} LUNs again", summary.duplicates));
  if (summary.gave_up) warn("does not answer in time; the rest of its LUNs was not asked");
  if (summary.no_memory) warn("no memory for its list of LUNs");
  return warnings;
}

std::string_view why_silent(Delivery delivery) {
  switch (delivery) {
    case Delivery::kAnswered:
      return "INQUIRY is refused";
    case Delivery::kNobody:
      return "nobody answers";
    case Delivery::kTimedOut:
      return "no answer in time";
    case Delivery::kFailed:
      return "the host could not deliver";
    case Delivery::kNotAddressable:
      return "the kernel has no device to ask by";
  }
  return "";
}

// What there is of a known device. One that is silent without a reason stays: it may come back.
void judge_known(Unit& unit, const Asked* asked) {
  if (unit.device.state != "running") {
    unit.state = State::kNotAsked;
    unit.why = unit.device.state;
  } else if (asked == nullptr) {
    unit.state = State::kSilent;
    unit.why = "its target does not answer";
  } else if (asked->verdict == Verdict::kNoDevice) {
    unit.state = State::kGone;
    unit.why = "its target says that there is none";
  } else if (asked->verdict == Verdict::kSilent) {
    bool is_gone = asked->delivery == Delivery::kNobody;
    unit.state = is_gone ? State::kGone : State::kSilent;
    unit.why = why_silent(asked->delivery);
  }
}

std::string hex(Bytes bytes) {
  std::string text;
  for (auto byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}
std::string identity_text(Bytes page) {
  auto identity = identity_of(page);
  return identity ? hex(identity->value) : "";
}

// Commands that compare one known device with what the kernel has of it.
class Comparison {
 public:
  Comparison(const Sysfs& sysfs, const Bsg& bsg) : sysfs_(sysfs), bsg_(bsg) {}

  void compare(Unit& unit, const std::string& inquiry) {
    if (is_other(unit, inquiry) || has_other_page(unit, kIdentityPage) ||
        has_other_page(unit, kSerialPage))
      unit.state = State::kReplaced;
    else if (!unit.device.block.empty() && unit.device.type == 0)
      compare_size(unit);
  }

 private:
  // A unit attention is told once, and hides the answer.
  Reply send(const Unit& unit, const Cdb& cdb, std::uint32_t bytes) {
    constexpr std::uint32_t kTimeout = 20'000;
    constexpr int kTries = 3;
    for (int tries = 1;; ++tries) {
      auto reply = bsg_.send({0, unit.device.address, cdb, kTimeout, bytes}, room_);
      auto sense = complaint_of(reply);
      if (!sense.is_valid || sense.key != kUnitAttention || tries == kTries) return reply;
    }
  }

  // Vendor and model; a revision changes with firmware.
  static bool is_other(Unit& unit, const std::string& inquiry) {
    const auto& had = unit.device.inquiry;
    if (had.size() < kShortInquiry || inquiry.size() < kShortInquiry) return false;
    auto names = [](const std::string& data) { return data.substr(8, 24); };
    if (names(had) == names(inquiry)) return false;
    unit.why = fmt::format("it is {} {} now", trimmed(vendor_of(as_bytes(inquiry))),
                           trimmed(model_of(as_bytes(inquiry))));
    return true;
  }

  // A page that either side does not have says nothing.
  bool has_other_page(Unit& unit, std::uint8_t page) {
    constexpr std::uint16_t kBytes = 1024;
    auto had = sysfs_.page(unit.device, page);
    if (had.empty()) return false;
    auto reply = send(unit, inquiry_page(page, kBytes), kBytes);
    if (!is_good(reply)) return false;
    bool names = page == kIdentityPage;
    auto text = [&](Bytes data) { return names ? identity_text(data) : hex(serial_of(data)); };
    auto before = text(as_bytes(had)), now = text(reply.data);
    if (before.empty() || now.empty() || before == now) return false;
    unit.why =
        fmt::format("its {} is {} now, was {}", names ? "identity" : "serial number", now, before);
    return true;
  }

  void compare_size(Unit& unit) {
    auto capacity = read_capacity(unit);
    if (!capacity) return;
    unit.bytes = capacity->blocks * capacity->block_bytes;
    if (unit.bytes != unit.device.bytes) unit.state = State::kResized;
  }

  std::optional<Capacity> read_capacity(const Unit& unit) {
    auto reply = send(unit, read_capacity10(), 8);
    if (!is_good(reply)) return std::nullopt;
    auto capacity = read_short(reply.data);
    if (!capacity || capacity->blocks != 0) return capacity;
    reply = send(unit, read_capacity16(), 32);
    return is_good(reply) ? read_long(reply.data) : std::nullopt;
  }

  const Sysfs& sysfs_;
  const Bsg& bsg_;
  Room room_;
};

class Survey {
 public:
  Survey(const Sysfs& sysfs, unsigned host, const SurveySettings& settings)
      : sysfs_(sysfs),
        settings_(settings),
        devices_(sysfs.devices(host, of_targets(settings.selection))),
        bsg_(sysfs.folders(), host, devices_) {
    result_.host = host;
  }

  Outcome<HostSurvey> run() {
    TRY(scan_targets());
    TRY(ask_unlisted());
    for (const auto& device : devices_)
      if (settings_.selection.has(device.address)) add_known(device);
    for (const auto& [key, asked] : answers_) add_new(key, asked);
    if (settings_.compares) compare();
    std::sort(result_.units.begin(), result_.units.end(), [](const Unit& a, const Unit& b) {
      return key_of(a.device.address) < key_of(b.device.address);
    });
    return std::move(result_);
  }

 private:
  Outcome<Nothing> scan_targets() {
    auto goals = goals_of(devices_);
    auto summaries = TRY(ask(bsg_, goals, settings_.quirks, settings_.slots, answers_));
    for (std::size_t i = 0; i < goals.size(); ++i) {
      if (summaries[i].way == Way::kSequence) result_.sequences.push_back(goals[i]);
      for (auto& warning : warnings_of(result_.host, goals[i], summaries[i]))
        result_.warnings.push_back(std::move(warning));
    }
    return ok;
  }

  // Known devices that their targets have not listed are asked themselves.
  Outcome<Nothing> ask_unlisted() {
    std::vector<Goal> goals;
    for (const auto& device : devices_) {
      const auto& address = device.address;
      if (device.state == "running" && settings_.selection.has(address) &&
          !answers_.contains(key_of(address)))
        goals.push_back({address.channel, address.target, address.lun});
    }
    TRY(ask(bsg_, goals, settings_.quirks, settings_.slots, answers_));
    return ok;
  }

  void add_known(const Device& device) {
    auto asked = answers_.find(key_of(device.address));
    Unit unit{device, State::kKnown, "", device.bytes};
    bool was_asked = asked != answers_.end();
    unit.is_listed = was_asked && asked->second.is_listed;
    judge_known(unit, was_asked ? &asked->second : nullptr);
    result_.units.push_back(std::move(unit));
    known_.insert(key_of(device.address));
  }

  // Listed, but not to be asked for want of a device.
  void add_new(const Key& key, const Asked& asked) {
    auto [channel, target, lun] = key;
    Address address{channel, target, lun};
    bool is_new = asked.delivery == Delivery::kNotAddressable && asked.is_listed;
    if (known_.contains(key) || !is_new || !settings_.selection.has(address)) return;
    Unit unit;
    unit.device.host = result_.host;
    unit.device.address = address;
    unit.state = State::kNew;
    result_.units.push_back(std::move(unit));
  }

  void compare() {
    std::vector<Unit*> units;
    for (auto& unit : result_.units)
      if (unit.state == State::kKnown) units.push_back(&unit);
    std::atomic<std::size_t> next{0}, done{0};
    in_threads(std::min<std::size_t>(units.size(), settings_.slots), [&] {
      Comparison comparison(sysfs_, bsg_);
      for (std::size_t i; (i = next++) < units.size();) {
        comparison.compare(*units[i], answers_.at(key_of(units[i]->device.address)).inquiry);
        if (settings_.progress) settings_.progress(++done, units.size());
      }
    });
  }

  const Sysfs& sysfs_;
  const SurveySettings& settings_;
  std::vector<Device> devices_;
  Bsg bsg_;
  Answers answers_;
  std::set<Key> known_;
  HostSurvey result_;
};

}  // namespace

std::string_view name_of(State state) {
  constexpr std::string_view kNames[] = {"known",     "new",     "gone",    "silent",
                                         "not-asked", "resized", "replaced"};
  return kNames[static_cast<unsigned>(state)];
}

Outcome<HostSurvey> survey(const Sysfs& sysfs, unsigned host, const SurveySettings& settings) {
  return Survey(sysfs, host, settings).run();
}

Outcome<std::vector<Verdict>> ask_again(const Sysfs& sysfs, unsigned host,
                                        std::span<const Address> addresses, unsigned slots) {
  std::vector<Goal> goals;
  for (const auto& address : addresses)
    goals.push_back({address.channel, address.target, address.lun});
  Answers answers;
  TRY(ask(Bsg(sysfs.folders(), host, {}), goals, {}, slots, answers));
  std::vector<Verdict> verdicts;
  for (const auto& address : addresses) verdicts.push_back(answers[key_of(address)].verdict);
  return verdicts;
}

}  // namespace ringside::scsi
