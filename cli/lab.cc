// ringside lab: run and session boot a stock kernel and run commands in it; fetch and list manage
// the kernels. Only the command's own output goes to stdout; stderr stays quiet unless it is a
// terminal or something failed.
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "lab/lab.hh"

namespace ringside::cli {
namespace {

using namespace ringside::lab;  // NOLINT: this file is the lab's face

struct Arguments {
  std::string kernel = "6.1";
  std::string accel = "auto";
  std::string oops = "fail";
  std::string status_file;
  std::ofstream status;  // status_file, opened before the boot
  bool json = false;
  std::vector<std::string> command;  // what follows "--"
  Options options;
};

constexpr const char* kHelp =
    "Example: ringside lab run --kernel 6.12 -- uname -r\n"
    "Exit status of run: the command's own (128+N where signal N killed it), or\n"
    "  120 the kernel printed an oops      124 --timeout was reached\n"
    "  121 the kernel panicked             125 the lab could not do its own work\n"
    "  122 the guest stopped answering     126 the command cannot be run, as in sh\n"
    "  123 the guest ended by itself       127 the command was not found, as in sh\n"
    "ringside lab COMMAND --help says more.";
constexpr const char* kRunHelp =
    "Example: ringside lab run --kernel 6.12 -- uname -r\n"
    "The command runs as root in a guest, in the working directory of the host, whose file tree\n"
    "it sees below a writable overlay; /tmp and /run are its own (--share shows parts of them).\n"
    "Exit status: the command's own (128+N where signal N killed it), 126 and 127 as in sh, or\n"
    "120 oops, 121 panic, 122 hang, 123 the guest ended, 124 time limit, 125 the lab itself.";
constexpr const char* kSessionHelp =
    "Example: printf 'uname -r\\nnproc\\n' | ringside lab session --kernel 6.12\n"
    "Every line of stdin is run by sh in the one guest, with an empty stdin; empty lines and "
    "lines\n"
    "that are only a comment are skipped. How it ended follows its output on stderr; with --json,\n"
    "every command gives one line of JSON on stdout instead:\n"
    "{\"command\", \"outcome\", \"status\", \"seconds\", \"out\", \"err\"}. Exit status: 0 where\n"
    "every command ended with 0, 1 where one did not, 120 to 125 where the guest failed.";

std::string check_seconds(const std::string& text) {
  double seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  bool number = error == std::errc() && end == text.data() + text.size();
  bool good = number && seconds > 0 && seconds <= 1e9;
  return good ? "" : fmt::format("'{}' is no number of seconds above 0", text);
}

void add_guest_options(App& app, Arguments& arguments) {
  auto& options = arguments.options;
  app.add_option("--kernel", arguments.kernel,
                 "6.1, 6.12, a package, a bzImage, an unpacked package or a release")
      ->capture_default_str();
  app.add_flag("--count", options.count,
               "count instructions: one guest nanosecond is one instruction (TCG, one CPU)");
  app.add_option("--cpus", options.cpus, "number of CPUs")->capture_default_str()->in_range(1, 64);
  app.add_option("--memory", options.memory, "memory in MiB")
      ->capture_default_str()
      ->in_range(128, 1 << 20);
  app.add_option("--share", options.shares, "a directory to show at its own path")
      ->allow_extra_args(false);
  app.add_option(
      "--out", options.out,
      "a directory whose writes reach the host (without 9p at the end); made if missing");
  app.add_option("--append", options.append, "further kernel arguments");
  app.add_option("--timeout", options.timeout, "seconds that a command may take")
      ->check(check_seconds, "SECONDS");
  app.add_option("--accel", arguments.accel, "auto probes whether KVM works, and remembers")
      ->capture_default_str()
      ->one_of({"auto", "kvm", "tcg"});
  app.add_option("--disk", options.disks, "a raw image as a virtio disk, writable")
      ->allow_extra_args(false)
      ->existing_file();
  app.add_option("--drive", options.drives, "a further -drive for QEMU, for a --device to have")
      ->allow_extra_args(false);
  app.add_option("--device", options.devices, "a further -device for QEMU")
      ->allow_extra_args(false);
  app.add_flag("--network", options.network, "a network card, eth0, on QEMU's user network");
  app.add_option("--initrd", options.initrd,
                 "an initramfs to unpack before the lab's own; seen at /run/initramfs")
      ->existing_file();
  app.add_flag("--nmi", options.nmi,
               "a hang is given an NMI, so that its trace is printed; a command asks for one by "
               "writing to /run/ringside-nmi");
  app.add_option("--console", options.console, "a file for the guest's console");
  app.add_option("--oops", arguments.oops, "what an oops does: fail ends the run with status 120")
      ->capture_default_str()
      ->one_of({"fail", "allow"});
  app.add_option("--status-file", arguments.status_file, "a file to tell exactly how it ended");
}

// SIGINT, SIGTERM and SIGHUP as a readable descriptor, so that they end the guest in good order.
int open_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// 128 plus the signal that came.
int cancelled_status(int signals) {
  signalfd_siginfo info{};
  bool came = read(signals, &info, sizeof info) == sizeof info;
  return 128 + (came ? static_cast<int>(info.ssi_signo) : SIGINT);
}

void progress(const std::string& line) {
  if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\x1b[K{}", line);
}

// Where --status-file names one; a file that cannot be written is known before anything has run.
bool open_status(Arguments& arguments) {
  if (arguments.status_file.empty()) return true;
  arguments.status.open(arguments.status_file);
  if (!arguments.status)
    fmt::print(stderr,
               "ringside lab: --status-file {}: cannot be opened: {}; name a file that can be "
               "written\n",
               arguments.status_file, std::strerror(errno));
  return arguments.status.is_open();
}

void write_status(Arguments& arguments, const RunResult& result, const std::string& release) {
  if (arguments.status_file.empty()) return;
  nlohmann::json json = {{"version", 1},
                         {"outcome", name_of(result.ending)},
                         {"status", result.status},
                         {"signal", result.signal},
                         {"message", result.message},
                         {"seconds", result.seconds},
                         {"tainted", nullptr},
                         {"kernel", arguments.kernel},
                         {"release", release}};
  if (result.tainted) json["tainted"] = *result.tainted;
  if (!(arguments.status << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                         << std::endl))
    fmt::print(stderr, "ringside lab: {}: cannot be written\n", arguments.status_file);
}

// One line for every ending but the command's own, and the end of the console.
void complain(const RunResult& result) {
  if (result.ending == Ending::kExit || result.ending == Ending::kSignal) return;
  auto name = result.ending == Ending::kLab ? "" : fmt::format("{}: ", name_of(result.ending));
  fmt::print(stderr, "ringside lab: {}{}\n", name, result.message);
  if (result.ending == Ending::kCancelled || result.console.empty()) return;
  fmt::print(stderr, "ringside lab: the end of the guest's console:\n{}", result.console);
  if (!result.console.ends_with('\n')) fmt::print(stderr, "\n");
}

RunResult result_of(const Failure& failure) {
  RunResult result;
  result.message = failure.message;
  result.status = failure.status;
  constexpr Ending kEndings[] = {Ending::kOops, Ending::kPanic,   Ending::kHang,
                                 Ending::kDied, Ending::kTimeout, Ending::kLab};
  if (failure.status > 128)
    result.ending = Ending::kCancelled;
  else if (failure.status >= kGuestOops && failure.status <= kLabItself)
    result.ending = kEndings[failure.status - kGuestOops];
  else
    result.status = kLabItself;
  return result;
}

Outcome<Session> boot(Arguments& arguments) {
  auto& options = arguments.options;
  constexpr Accel kAccels[] = {Accel::kAuto, Accel::kKvm, Accel::kTcg};
  constexpr std::string_view kNames[] = {"auto", "kvm", "tcg"};
  auto index = std::find(std::begin(kNames), std::end(kNames), arguments.accel) - kNames;
  options.accel = kAccels[index];
  options.oops_allowed = arguments.oops == "allow";
  options.cancel_fd = open_signals();
  auto kernel = TRY(find_kernel(arguments.kernel));
  progress(fmt::format("booting {} ...", kernel.release));
  auto session = Session::boot(kernel, options);
  progress("");
  if (session && session->boots() > 1)
    fmt::print(
        stderr,
        "ringside lab: {}: died of a breakpoint that nobody set, as it may with several CPUs "
        "under QEMU's TCG: booted {} times\n",
        kernel.release, session->boots());
  return session;
}

int finish(Arguments& arguments, RunResult result, const std::string& release) {
  if (result.ending == Ending::kCancelled)
    result.status = cancelled_status(arguments.options.cancel_fd);
  complain(result);
  write_status(arguments, result, release);
  return result.status;
}

int run(Arguments& arguments) {
  arguments.options.programs = {arguments.command[0]};
  auto session = boot(arguments);
  if (!session) return finish(arguments, result_of(session.error()), "");
  Request request;
  request.argv = arguments.command;
  request.input_fd = STDIN_FILENO;
  request.out_fd = STDOUT_FILENO;
  request.err_fd = STDERR_FILENO;
  auto result = session->run(request);
  if (session->alive()) {
    auto end = session->end();
    if (end.ending != Ending::kExit) result = std::move(end);
  }
  return finish(arguments, std::move(result), session->release());
}

// Lines of stdin, as they come; ends at the end of stdin, or when the guest fails meanwhile.
class Lines {
 public:
  explicit Lines(Session& guest) : guest_(guest) {}

  std::optional<std::string> next() {
    while (buffer_.find('\n') == buffer_.npos && more()) continue;
    if (buffer_.empty() || failure_) return std::nullopt;
    auto line = buffer_.substr(0, buffer_.find('\n'));
    buffer_.erase(0, line.size() + 1);
    return line;
  }
  // How the guest failed, or that a signal came, while a line was waited for.
  const std::optional<RunResult>& failure() const { return failure_; }

 private:
  bool more() {
    failure_ = guest_.idle(STDIN_FILENO);
    char chunk[4096];
    auto n = failure_ ? 0 : read(STDIN_FILENO, chunk, sizeof chunk);
    if (n > 0) buffer_.append(chunk, n);
    return n > 0;
  }

  Session& guest_;
  std::string buffer_;
  std::optional<RunResult> failure_;
};

void report(const Arguments& arguments, const std::string& line, const RunResult& result) {
  if (!arguments.json) {
    auto number = result.ending == Ending::kSignal ? result.signal : result.status;
    fmt::print(stderr, "ringside lab: {} {}\n", name_of(result.ending), number);
    return;
  }
  nlohmann::json json = {{"command", line},         {"outcome", name_of(result.ending)},
                         {"status", result.status}, {"seconds", result.seconds},
                         {"out", result.out},       {"err", result.err}};
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::fflush(stdout);
}

// Nothing but blanks, or a comment behind them: sh would do nothing.
bool says_nothing(const std::string& line) {
  auto start = line.find_first_not_of(" \t\r");
  return start == line.npos || line[start] == '#';
}

int session(Arguments& arguments) {
  auto guest = boot(arguments);
  if (!guest) return finish(arguments, result_of(guest.error()), "");
  Lines lines(*guest);
  RunResult result;
  bool all_well = true;
  bool prompt = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
  while (guest->alive()) {
    if (prompt) fmt::print(stderr, "{}> ", guest->release());
    auto line = lines.next();
    if (!line) break;
    if (says_nothing(*line)) continue;
    Request request;
    request.argv = {"/bin/sh", "-c", *line};
    request.out_fd = arguments.json ? -1 : STDOUT_FILENO;
    request.err_fd = arguments.json ? -1 : STDERR_FILENO;
    result = guest->run(request);
    report(arguments, *line, result);
    if (guest->alive()) complain(result);  // else finish() does
    all_well = all_well && result.status == 0;
  }
  if (lines.failure()) result = *lines.failure();
  if (guest->alive()) {
    result = guest->end();
    if (result.ending == Ending::kExit && !all_well) result.status = kNo;
  }
  return finish(arguments, std::move(result), guest->release());
}

int fetch(const std::string& name, Refresh refresh) {
  auto kernel = fetch_kernel(name, refresh, [](const std::string& line) {
    fmt::print(stderr, "ringside lab: {}\n", line);
  });
  if (!kernel) {
    fmt::print(stderr, "ringside lab: {}\n", kernel.error().message);
    return kernel.error().status;
  }
  fmt::print("{}\n", kernel->image.string());
  return kYes;
}

int list() {
  for (const auto& kernel : list_kernels())
    fmt::print("{}\t{}\t{}\t{}\t{}\n", kernel.name, kernel.release, kernel.package,
               kernel.image.string(), kernel.headers.string());
  return kYes;
}

// What is wrong with arguments that each by itself are well, or nothing.
std::string conflict(const Arguments& arguments, bool is_run) {
  if (arguments.options.count && arguments.accel == "kvm")
    return "--count needs TCG: leave --accel kvm out";
  if (arguments.options.count && arguments.options.cpus != 1)
    return "--count has one CPU: leave --cpus out";
  if (is_run && arguments.command.empty()) return "no command: write it behind --";
  return {};
}

// The arguments do not parse: one line that names the subcommand, as far as there is one, or the
// word in its place.
int refuse(const App& app, std::string message, const std::string& word = {}) {
  auto* command = app.chosen();
  if (!command && !word.empty()) message = fmt::format("no command '{}'", word);
  auto name = command ? app.name() + " " + command->name() : app.name();
  auto extras =
      command && command->name() == "run" ? command->unexpected() : std::vector<std::string>();
  bool words = std::any_of(extras.begin(), extras.end(),
                           [](const std::string& word) { return !word.starts_with("-"); });
  if (words) message += ": write the command behind --";
  return cli::report({message, kUsage}, name);
}

}  // namespace

int lab(int argc, char** argv) {
  // What follows "--" is the command's and nothing to parse here.
  auto dashes = std::find(argv, argv + argc, std::string_view("--"));
  Arguments arguments;
  if (dashes != argv + argc) arguments.command.assign(dashes + 1, argv + argc);

  App app("Run commands on stock Debian kernels under QEMU.", "ringside lab");
  app.require_subcommand();
  app.footer(kHelp);
  auto* run_command =
      app.add_subcommand("run", "boot a kernel and run one command: run ... -- COMMAND");
  add_guest_options(*run_command, arguments);
  run_command->footer(kRunHelp);
  run_command->usage_tail("-- COMMAND [ARGUMENTS...]");
  auto* session_command = app.add_subcommand("session", "boot once, run every line of stdin");
  add_guest_options(*session_command, arguments);
  session_command->add_flag("--json", arguments.json, "one line of JSON a command");
  session_command->footer(kSessionHelp);
  std::string name;
  auto* fetch_command = app.add_subcommand("fetch", "download and unpack a Debian kernel");
  fetch_command->add_option("KERNEL", name, "6.1, 6.12, 6.12-rt, 6.1-cloud, or a package")
      ->required();
  bool if_missing = false;
  fetch_command->add_flag("--if-missing", if_missing, "ask the archive only where none is here");
  fetch_command->footer(
      "Example: ringside lab fetch 6.12\n"
      "Exit status: 0 it is here, 2 it could not be brought.");
  auto* list_command = app.add_subcommand("list", "the kernels on this machine");
  list_command->footer(
      "Example: ringside lab list\nColumns: name, release, package, image, headers.\n"
      "Exit status: 0.");
  auto parsed = app.parse(static_cast<int>(dashes - argv), argv);
  if (!parsed) return refuse(app, parsed.error().message, argc > 1 ? argv[1] : "");
  if (!*parsed) return kYes;
  auto* command = app.chosen();
  if (command == fetch_command) return fetch(name, if_missing ? Refresh::kNo : Refresh::kYes);
  if (command == list_command) return list();
  auto wrong = conflict(arguments, command == run_command);
  if (!wrong.empty()) return refuse(app, wrong);
  if (!open_status(arguments)) return kLabItself;
  return command == session_command ? session(arguments) : run(arguments);
}

}  // namespace ringside::cli
