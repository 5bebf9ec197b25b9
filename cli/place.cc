// ringside place: an object that is no module is linked here, put into the running kernel, and a
// function in it is called. It is gone when this command ends, however it ends.
#include <fmt/format.h>
#include <signal.h>

#include <charconv>

#include "cli/commands.hh"
#include "cli/finish.hh"
#include "cli/load_plan.hh"
#include "cli/module_kernel.hh"
#include "user/armed/device.hh"
#include "user/kimage/running.hh"
#include "user/ksyms/symbols.hh"
#include "user/space/placer.hh"

namespace ringside::cli {
namespace {

using space::Addresses;
using space::Placer;
using space::Space;

struct Options {
  std::filesystem::path object;
  std::vector<std::string> arguments;
  std::string call, load_space;
  bool verbose = false;
};

// An argument of the call: a number, or a file whose bytes are put behind the data; then it stands
// for two, its address and its size.
struct Argument {
  std::uint64_t number = 0;
  std::optional<MappedFile> file;
};

Outcome<Argument> parse_argument(const std::string& word) {
  Argument argument;
  if (word.starts_with('@')) {
    argument.file = TRY(MappedFile::open(word.substr(1)));
    return argument;
  }
  bool hex = word.starts_with("0x");
  const char* end = word.data() + word.size();
  auto [at, error] =
      std::from_chars(word.data() + (hex ? 2 : 0), end, argument.number, hex ? 16 : 10);
  if (error != std::errc() || at != end)
    return Failure{fmt::format("{}: neither a number nor @FILE", word), kUsage};
  return argument;
}

// The files of all arguments, one behind the other, and the words that the call gets.
struct Arguments {
  std::vector<std::byte> bytes;
  std::vector<std::uint64_t> words;

  static Outcome<Arguments> parse(const std::vector<std::string>& texts) {
    Arguments all;
    for (const auto& text : texts) {
      auto argument = TRY(parse_argument(text));
      if (!argument.file) {
        all.words.push_back(argument.number);
        continue;
      }
      auto content = argument.file->bytes();
      all.files_.push_back(all.words.size());
      all.words.push_back(all.bytes.size());
      all.words.push_back(content.size());
      all.bytes.insert(all.bytes.end(), content.begin(), content.end());
      all.bytes.resize(align_up(all.bytes.size(), 16));
    }
    if (all.words.size() > RS_SPACE_ARGUMENTS)
      return Failure{
          fmt::format("a call takes {} words at most; a file is two", RS_SPACE_ARGUMENTS), kUsage};
    return all;
  }

  // Once it is known where the bytes lie.
  void place(std::uint64_t address) {
    for (auto at : files_) words[at] += address;
  }

 private:
  std::vector<std::size_t> files_;  // words that are offsets in bytes
};

// The module that gives room, by `bind`: it calls functions that are not exported.
Outcome<Nothing> load_space(modules::Kernel& kernel, const std::string& word) {
  loader::Options options;
  options.placement = loader::Placement::kBind, options.unexported = true;
  auto plan = TRY(make_plan(kernel, {word}, options));
  auto loader = TRY(loader::Loader::create(kernel, options));
  TRY(loader->run(plan));
  return ok;
}

// So that a kernel that decodes its own traces names what is placed. It forgets the names when the
// device is closed: to be opened after the space, for a process that ends has its files closed from
// the last one on, and what is gone must not be named.
class Names {
 public:
  static Outcome<Names> open() {
    Names names;
    if (std::filesystem::exists(RS_OOPS_DEVICE)) names.device_ = TRY(armed::Device::open());
    return names;
  }
  // Without them the object is placed all the same.
  void give(const std::string& object, const Placer& placer, const Addresses& at) {
    auto given = device_ ? take(object, placer, at) : ok;
    if (!given)
      fmt::print(stderr, "ringside place: {}: not named in traces: {}\n", object,
                 given.error().message);
  }

 private:
  Outcome<Nothing> take(const std::string& object, const Placer& placer, const Addresses& at) {
    return device_->take_space(object, TRY(ksyms::make_table(placer.symbols(at), {}, object)));
  }
  std::optional<armed::Device> device_;
};

Outcome<Addresses> put(Space& space, Placer& placer, Names& names, const Options& options,
                       Arguments& arguments) {
  auto addresses = TRY(space.allocate(options.object.filename(), placer.sizes()));
  names.give(options.object.filename(), placer, addresses);
  auto parts = TRY(placer.link(addresses));
  if (!arguments.bytes.empty())
    std::copy(arguments.bytes.begin(), arguments.bytes.end(),
              parts[RS_SPACE_DATA].begin() + static_cast<std::ptrdiff_t>(placer.extra_at()));
  arguments.place(addresses[RS_SPACE_DATA] + placer.extra_at());
  for (auto part : {RS_SPACE_TEXT, RS_SPACE_RODATA, RS_SPACE_DATA})
    TRY(space.write(part, parts[part]));
  auto result = TRY(space.seal(placer.function("ringside_init").value_or(RS_SPACE_NONE),
                               placer.function("ringside_exit").value_or(RS_SPACE_NONE)));
  if (result != 0)
    return Failure{fmt::format("{}: ringside_init returned {}", options.object.native(), result),
                   kNo};
  return addresses;
}

void print_places(const Options& options, const Addresses& addresses, const Addresses& sizes) {
  constexpr const char* kNames[] = {"text", "rodata", "data"};
  for (std::uint32_t part = 0; part < RS_SPACE_PARTS; ++part)
    if (sizes[part])
      fmt::print(stderr, "{}: {:<6} {:#x}, {} bytes\n", options.object.filename().native(),
                 kNames[part], addresses[part], sizes[part]);
}

// Until somebody ends this command.
void stay() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  int caught = 0;
  sigwait(&set, &caught);
}

Outcome<Nothing> run(const Options& options) {
  auto arguments = TRY(Arguments::parse(options.arguments));
  auto object = TRY(MappedFile::open(options.object));
  auto kernel = TRY(open_running_kernel());
  Placer placer(kernel, TRY(kimage::read_running_offset()));
  TRY(placer.open(object.bytes(), options.object, arguments.bytes.size()));
  auto function = placer.function(options.call);
  if (!options.call.empty() && !function)
    return Failure{fmt::format("{}: no function {} in it", options.object.native(), options.call),
                   kNo};
  if (!options.load_space.empty() && !std::filesystem::exists(RS_SPACE_DEVICE))
    TRY(load_space(kernel, options.load_space));
  auto space = TRY(Space::open());
  auto names = TRY(Names::open());
  auto addresses = TRY(put(space, placer, names, options, arguments));
  if (options.verbose || !function) print_places(options, addresses, placer.sizes());
  if (!function) return stay(), ok;
  auto called = TRY(space.call(*function, arguments.words));
  fmt::print("{:#x}\n", called.result);
  if (options.verbose) fmt::print(stderr, "{}: {} ns\n", options.call, called.nanoseconds);
  return ok;
}

}  // namespace

int place(int argc, char** argv) {
  App app{"A relocatable object that is no module into the running kernel, and a call of it.",
          "ringside place"};
  Options options;
  app.add_option("OBJECT", options.object, "compiled as user/space/placer.hh says")->required();
  app.add_option("ARGUMENT", options.arguments,
                 "of the call: numbers, or @FILE: the address of its bytes, and their number");
  app.add_option("--call", options.call,
                 "the function to call; without it the object stays until "
                 "this command is ended");
  app.add_option("--load-space", options.load_space,
                 "loads ringside_space (a file, or by that name from the module tree) first, by "
                 "placement bind, where it is not loaded");
  app.add_flag("--verbose,-v", options.verbose, "also where it lies, and how long the call took");
  app.footer(
      "Example: ringside place lookup.o --call find_address @table 0xffffffff81000000\n"
      "Exit status: 0 done, 1 refused, 2 could not tell or not permitted.");
  return finish(app, argc, argv, [&] { return run(options); });
}

}  // namespace ringside::cli
