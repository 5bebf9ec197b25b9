// ringside firmware: answers the kernel's requests for firmware from user space.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "user/firmware/folder.hh"
#include "user/firmware/server.hh"

namespace ringside::cli {
namespace {

using firmware::Record;
using firmware::Verdict;

struct Options {
  std::vector<std::filesystem::path> folders;
  std::filesystem::path manifest;
  unsigned timeout = 0;
  bool json = false;
};

// Names come from drivers and files: whatever they hold stays within one field of one line.
std::string printable(const std::string& text) {
  std::string out;
  for (unsigned char each : text)
    if (each < ' ' || each == 0x7f || each == '\\')
      out += fmt::format("\\x{:02x}", each);
    else
      out += static_cast<char>(each);
  return out.empty() ? "-" : out;
}

std::string time_of(const Record& record) {
  return fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(record.time)));
}

std::string verdict_of(const Record& record) {
  std::string verdict(name_of(record.verdict));
  return record.why.empty() ? verdict : verdict + ": " + printable(record.why);
}

std::string text_line(const Record& record) {
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", time_of(record), printable(record.asker),
                     printable(record.name), printable(record.file), record.bytes,
                     verdict_of(record));
}

std::string json_line(const Record& record) {
  nlohmann::json line = {{"time", time_of(record)},
                         {"device", record.asker},
                         {"name", record.name},
                         {"file", nullptr},
                         {"bytes", record.bytes},
                         {"seconds", record.took.count()},
                         {"verdict", name_of(record.verdict)},
                         {"why", record.why}};
  if (!record.file.empty()) line["file"] = record.file;
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Flushed, for whoever follows the log. One call a line: stdio keeps lines of threads apart.
void log(const Record& record, bool json) {
  auto line = json ? json_line(record) : text_line(record);
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
  bool is_error = record.verdict == Verdict::kRefused || record.verdict == Verdict::kFailed ||
                  record.verdict == Verdict::kLate;
  if (is_error)
    report(Failure{printable(record.name) + ": " + verdict_of(record)}, "ringside firmware serve");
}

// The signals that end a service, as a readable descriptor; blocked before there are threads.
UniqueFd open_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);  // requests are answered whether or not anybody reads the log
  return UniqueFd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

Outcome<Nothing> serve(const Options& options) {
  auto signals = open_signals();
  if (!signals) return system_failure("listen to", "signals");
  firmware::Settings settings;
  settings.folders = options.folders.empty() ? firmware::default_folders() : options.folders;
  if (!options.manifest.empty()) settings.list = TRY(firmware::List::open(options.manifest));
  settings.limit = std::chrono::seconds(options.timeout);
  settings.log = [json = options.json](const Record& record) { log(record, json); };
  settings.complain = [](const std::string& what) {
    report(Failure{what}, "ringside firmware serve");
  };
  auto server = TRY(firmware::Server::create(std::move(settings)));
  server.run(signals.get());
  return ok;
}

}  // namespace

int firmware(int argc, char** argv) {
  App app{"Answers the kernel's requests for firmware that it does not find by itself.",
          "ringside firmware"};
  app.require_subcommand();
  auto* serving = app.add_subcommand("serve", "answer requests until told to end (SIGTERM)");
  Options options;
  serving
      ->add_option("--dir", options.folders,
                   "a folder to search instead of the kernel's own; may be given again")
      ->allow_extra_args(false);
  serving
      ->add_option("--manifest", options.manifest,
                   "serve only what this list of sha256sum's holds, and only with that sum")
      ->existing_file();
  serving
      ->add_option("--timeout", options.timeout,
                   "seconds that a request may take; 0: as many as the kernel gives it")
      ->capture_default_str();
  serving->add_flag("--json", options.json, "the log as JSON, an object a line");
  for (auto* each : {&app, serving})
    each->footer(
        "Example: ringside firmware serve --dir /srv/firmware --manifest /srv/firmware.sha256\n"
        "Kernels ask user space where /proc/sys/kernel/firmware_config/force_sysfs_fallback is 1.\n"
        "Exit status: 0 ended by a signal, 2 it cannot serve.");
  return finish(app, argc, argv, [&] { return serve(options); });
}

}  // namespace ringside::cli
