// ringside channel: the ways between a process and the kernel: what each can do, and whether it
// does so here.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/channel_costs.hh"
#include "cli/commands.hh"
#include "cli/finish.hh"
#include "user/channels/channel.hh"

namespace ringside::cli {
namespace {

using channels::Ability;
using channels::Channel;
using channels::Kind;
using namespace std::chrono_literals;

constexpr std::uint64_t kMessages = 1000;
constexpr std::uint32_t kPayload = 256;

nlohmann::json to_json(const Kind& kind) {
  const auto& can = kind.ability;
  return {{"channel", kind.name},
          {"echo", can.echo},
          {"stream", can.stream},
          {"sink", can.sink},
          {"notify", can.notify},
          {"payload_max", can.most},
          {"loss", channels::name_of(can.loss)},
          {"summary", kind.summary}};
}

Outcome<int> list(bool json) {
  if (!json)
    fmt::print("{:<10}{:<6}{:<8}{:<6}{:<8}{:>8}  {:<8}{}\n", "channel", "echo", "stream", "sink",
               "notify", "payload", "loss", "");
  auto mark = [](bool can) { return can ? "yes" : "-"; };
  for (const auto& kind : channels::kinds()) {
    const auto& can = kind.ability;
    if (json)
      fmt::print("{}\n", to_json(kind).dump());
    else
      fmt::print("{:<10}{:<6}{:<8}{:<6}{:<8}{:>8}  {:<8}{}\n", kind.name, mark(can.echo),
                 mark(can.stream), mark(can.sink), mark(can.notify), can.most,
                 channels::name_of(can.loss), kind.summary);
  }
  return kYes;
}

std::vector<std::byte> filled(std::uint64_t sequence) {
  std::vector<std::byte> payload(kPayload);
  channel::fill(payload, sequence);
  return payload;
}

Outcome<Nothing> check_echo(Channel& channel) {
  std::vector<std::byte> reply;
  for (std::uint64_t each = 0; each < kMessages; ++each) {
    auto payload = filled(each);
    TRY(channel.call(payload, reply));
    if (reply != payload) return Failure{fmt::format("reply {} is another one", each), kNo};
  }
  return ok;
}

Outcome<Nothing> check_sink(Channel& channel) {
  TRY(channel.setup(0, true));
  for (std::uint64_t each = 0; each < kMessages; ++each) TRY(channel.send(filled(each)));
  TRY(channel.flush());
  auto counts = TRY(channel.counts());
  if (counts.messages == kMessages && counts.wrong + counts.missing + counts.repeated == 0)
    return ok;
  return Failure{
      fmt::format("{} messages sent, {} came: {} wrong, {} missing, {} repeated", kMessages,
                  counts.messages, counts.wrong, counts.missing, counts.repeated),
      kNo};
}

Outcome<Nothing> check_stream(Channel& channel) {
  TRY(channel.setup(kPayload, true));
  std::vector<std::byte> payload;
  for (std::uint64_t each = 0; each < kMessages; ++each) {
    auto sequence = TRY(channel.receive(payload));
    if (sequence != each || !channel::is_filled(payload, each))
      return Failure{fmt::format("message {} came as number {}, or changed", each, sequence), kNo};
  }
  return ok;
}

Outcome<Nothing> check_notify(Channel& channel) {
  TRY(channel.notify(1ms));
  if (TRY(channel.wait(5s))) return ok;
  return Failure{"no event after five seconds", kNo};
}

struct Service {
  const char* name;
  bool Ability::*can;
  Outcome<Nothing> (*check)(Channel& channel);
};
constexpr Service kServices[] = {{"echo", &Ability::echo, check_echo},
                                 {"sink", &Ability::sink, check_sink},
                                 {"stream", &Ability::stream, check_stream},
                                 {"notify", &Ability::notify, check_notify}};

// The worst of what came out.
Outcome<int> check_one(const std::string& name) {
  auto channel = TRY(channels::open(name));
  int worst = kYes;
  for (const auto& service : kServices) {
    if (!(channel->ability().*service.can)) continue;
    auto checked = service.check(*channel);
    fmt::print("{:<10}{:<8}{}\n", name, service.name, checked ? "ok" : checked.error().message);
    if (!checked) worst = std::max(worst, checked.error().status);
  }
  return worst;
}

Outcome<int> check(std::vector<std::string> names) {
  if (names.empty())
    for (const auto& kind : channels::kinds())
      if (!kind.lab) names.emplace_back(kind.name);
  int worst = kYes;
  for (const auto& name : names) worst = std::max(worst, TRY(check_one(name)));
  return worst;
}

const App* add_list(App& app, bool& json) {
  auto* listing = app.add_subcommand("list", "what each channel can do");
  listing->add_flag("--json", json, "one JSON object a line");
  listing->footer("Example: ringside channel list\nExit status: 0.");
  return listing;
}

const App* add_check(App& app, std::vector<std::string>& names) {
  auto* checking = app.add_subcommand("check", "a thousand messages by every service of a channel");
  checking->add_option("NAME", names, "channels; without any, all but the lab's");
  checking->footer(
      "Example: ringside channel check ring netlink\n"
      "Needs root, and the module ringside_channels.\n"
      "Exit status: 0 all is well, 1 a message was lost or changed, 2 could not tell.");
  return checking;
}

const App* add_bench(App& app, ChannelBench& wanted) {
  auto* benching = app.add_subcommand("bench", "what a message costs, by service and size");
  benching->add_option("NAME", wanted.names, "channels; without any, all but the lab's");
  benching->add_flag("--json", wanted.json, "one JSON object a line (docs/results.md)");
  benching->add_option("--from", wanted.from, "show these results; measure nothing")
      ->existing_file()
      ->excludes("--json");
  benching->add_option("--plot", wanted.plot, "write an SVG of cost against size");
  benching->footer(
      "Example: ringside channel bench --json ioctl ring >costs.jsonl\n"
      "Measuring needs root, and the module ringside_channels.\n"
      "Exit status: 0 measured, 1 not every channel could be, 2 could not tell.");
  return benching;
}

const App* add_advise(App& app, ChannelQuestion& question) {
  auto* advising = app.add_subcommand("advise", "the cheapest channels that fit, and why");
  advising->add_option("--size", question.size, "bytes of a message")
      ->in_range(0, 1 << 30)
      ->capture_default_str();
  advising->add_option("--rate", question.rate, "messages a second")->capture_default_str();
  advising->add_option("--direction", question.direction, "where messages go")
      ->one_of({"to-user", "to-kernel", "both", "event"})
      ->capture_default_str();
  advising->add_option("--loss", question.loss, "what may be lost: none, or what is counted")
      ->one_of({"none", "counted"})
      ->capture_default_str();
  advising->add_option("--from", question.from, "results of ringside channel bench --json")
      ->existing_file();
  advising->add_option("--kernel", question.kernel, "costs on this release (its beginning)");
  advising->footer(
      "Example: ringside channel advise --size 64 --rate 1e6 --direction to-user\n"
      "Without --from: by the costs that are in the documentation.\n"
      "Exit status: 0 a channel fits, 1 none does, 2 could not tell.");
  return advising;
}

}  // namespace

int channel(int argc, char** argv) {
  App app{"The channels between a process and the kernel.", "ringside channel"};
  bool json = false;
  std::vector<std::string> names;
  ChannelBench measuring;
  ChannelQuestion question;
  auto* listing = add_list(app, json);
  auto* checking = add_check(app, names);
  auto* benching = add_bench(app, measuring);
  auto* advising = add_advise(app, question);
  app.footer(
      "Example: ringside channel list\n"
      "Exit status: 0 done, 1 a channel fails or none fits, 2 could not tell.");
  return finish(app, argc, argv, [&]() -> Outcome<int> {
    if (app.chosen() == listing) return list(json);
    if (app.chosen() == checking) return check(names);
    if (app.chosen() == benching) return bench_channels(measuring, argc, argv);
    if (app.chosen() == advising) return advise_channel(question);
    return Failure{"a subcommand is needed: list, check, bench or advise", kUsage};
  });
}

}  // namespace ringside::cli
