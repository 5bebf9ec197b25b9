// The loading thread arms, since an arm is the calling thread's next load, and signals an eventfd
// when init_module has returned. The serving thread polls both: the device first, so that a load
// which was never parked (it failed before, or the hook was gone) ends the service as well.
#include "user/loader/handover.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "user/loader/compare.hh"

namespace ringside::loader {
namespace {

using modules::kNoRegion;
using modules::Linked;

constexpr unsigned kParkedAtMost = RS_LOADER_TIMEOUT_MAX;  // ms

// An ioctl on a structure that begins with its size and version; 0 or an errno value.
template <class T>
int call(int fd, unsigned long request, T& argument) {
  argument.size = sizeof(T), argument.version = RS_LOADER_VERSION;
  return ioctl(fd, request, &argument) == 0 ? 0 : errno;
}

// What `error` of the device says about `what`.
Failure device_failure(const char* what, int error) {
  return {fmt::format("{}: {}: {}", RS_LOADER_DEVICE, what, std::strerror(error))};
}

// One parked load, from its description to its verdict.
class Service {
 public:
  Service(int fd, Mode mode, modules::Linker& linker, Linked& linked)
      : fd_(fd), mode_(mode), linker_(linker), linked_(linked) {}

  // Until the load has had its verdict, or `ended` can be read.
  void run(int ended);
  const std::string& failure() const { return failure_; }
  std::uint64_t sections() const { return sections_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  Outcome<Nothing> serve(const rs_loader_load& load);
  Outcome<Nothing> check_shape(const rs_loader_load& load) const;
  Outcome<std::vector<rs_loader_section>> read_sections(std::uint32_t count) const;
  Outcome<std::vector<std::uint64_t>> read_symbols(std::uint32_t count) const;
  bool has_memory(std::uint32_t index) const;
  Outcome<Nothing> place(const std::vector<rs_loader_section>& sections);
  Outcome<Nothing> bind(const std::vector<std::uint64_t>& theirs);
  Outcome<Nothing> hand_over(std::uint32_t section);
  Outcome<Nothing> compare(std::uint32_t section);
  Outcome<Nothing> write(std::uint32_t section, std::uint64_t offset, std::uint64_t size);
  Outcome<Nothing> compare(std::uint32_t section, std::uint64_t offset, std::uint64_t size);
  Bytes image_of(std::uint32_t section) const;
  bool has_relocations(std::uint32_t section) const;

  int fd_;
  Mode mode_;
  modules::Linker& linker_;
  Linked& linked_;
  std::string failure_;
  std::uint64_t sections_ = 0, bytes_ = 0;
};

Outcome<Nothing> Service::check_shape(const rs_loader_load& load) const {
  const auto& object = linked_.module.object();
  if (load.sections == object.sections().size() && load.symbols == object.symbol_count() &&
      load.symbol_section == object.symbol_section() &&
      load.module_section == linked_.module.this_module() &&
      load.percpu_section == linked_.layout.percpu_section)
    return ok;
  return Failure{
      fmt::format("the parked load is another file: {} sections and {} symbols, expected "
                  "{} and {}",
                  load.sections, load.symbols, object.sections().size(), object.symbol_count()),
      kNo};
}

Outcome<std::vector<rs_loader_section>> Service::read_sections(std::uint32_t count) const {
  std::vector<rs_loader_section> sections(count);
  rs_loader_table table{};
  table.count = count, table.records = reinterpret_cast<std::uintptr_t>(sections.data());
  if (auto error = call(fd_, RS_LOADER_IOC_SECTIONS, table))
    return device_failure("sections", error);
  if (table.count != count) return device_failure("sections", EPROTO);
  return sections;
}

Outcome<std::vector<std::uint64_t>> Service::read_symbols(std::uint32_t count) const {
  std::vector<std::uint64_t> values(count);
  rs_loader_table table{};
  table.count = count, table.records = reinterpret_cast<std::uintptr_t>(values.data());
  if (auto error = call(fd_, RS_LOADER_IOC_SYMBOLS, table)) return device_failure("symbols", error);
  if (table.count != count) return device_failure("symbols", EPROTO);
  return values;
}

// Whether the section's region was allocated: 6.12 allocates none for a region without a byte.
bool Service::has_memory(std::uint32_t index) const {
  auto region = linked_.layout.places[index].region;
  return region != kNoRegion && linked_.layout.regions[region].size != 0;
}

// Our layout at the kernel's addresses: every section must lie where the kernel has put it.
Outcome<Nothing> Service::place(const std::vector<rs_loader_section>& sections) {
  if (auto placed = linker_.place(linked_); !placed)
    return Failure{describe(placed.error(), "the module")};
  std::array<bool, modules::kMaxRegions> known{};
  // What is empty in a region that was not allocated lies at 0.
  for (std::uint32_t region = 0; region < modules::kMaxRegions; ++region)
    if (linked_.layout.regions[region].size == 0) linked_.image.address[region] = 0;
  for (std::uint32_t index = 1; index < sections.size(); ++index) {
    auto place = linked_.layout.places[index];
    auto address = sections[index].address;
    bool in_memory = has_memory(index);
    if (in_memory != (address != 0) && index != linked_.layout.percpu_section)
      return Failure{
          fmt::format("section {}: {} by the kernel, {} by us",
                      linked_.module.object().section_name(index), address ? "placed" : "left out",
                      in_memory ? "placed" : "left out"),
          kNo};
    if (!in_memory) continue;
    auto& base = linked_.image.address[place.region];
    if (known[place.region] && base + place.offset != address)
      return Failure{
          fmt::format("section {}: the kernel has put it to {:#x}, we to {:#x}",
                      linked_.module.object().section_name(index), address, base + place.offset),
          kNo};
    base = address - place.offset, known[place.region] = true;
  }
  return ok;
}

// Symbols of sections that have no place (their value points into a copy of the file that goes
// away) and needs that we have no answer for are the kernel's word; all others must be equal.
Outcome<Nothing> Service::bind(const std::vector<std::uint64_t>& theirs) {
  const auto& object = linked_.module.object();
  modules::section_addresses(linked_.layout, linked_.image, linked_.addresses);
  modules::define_symbols(object, linked_.addresses, linked_.values);
  modules::Diagnostics judged({});  // Binder has heard of them
  modules::bind(linked_.module, linked_.needs, linked_.answers, {}, linked_.values, judged);
  for (std::uint32_t index = 1; index < theirs.size(); ++index) {
    auto symbol = object.symbol(index);
    bool placed = symbol.section < linked_.addresses.size() && symbol.section != 0
                      ? linked_.addresses[symbol.section] != 0
                      : true;
    bool answered = symbol.section != modules::kUndefined || linked_.values[index] != 0;
    if (placed && answered && linked_.values[index] != theirs[index])
      return Failure{fmt::format("symbol {}: the kernel has bound it to {:#x}, we to {:#x}",
                                 object.symbol_name(symbol), theirs[index], linked_.values[index]),
                     kNo};
    linked_.values[index] = theirs[index];
  }
  return ok;
}

Bytes Service::image_of(std::uint32_t section) const {
  auto place = linked_.layout.places[section];
  auto size = linked_.module.object().sections()[section].size;
  return linked_.image.memory[place.region].subspan(place.offset, size);
}

bool Service::has_relocations(std::uint32_t section) const {
  for (const auto& header : linked_.module.object().sections())
    if (header.type == modules::kSectionRela && header.info == section && header.size != 0)
      return true;
  return false;
}

Outcome<Nothing> Service::write(std::uint32_t section, std::uint64_t offset, std::uint64_t size) {
  auto bytes = image_of(section).subspan(offset, size);
  auto written = pwrite(fd_, bytes.data(), bytes.size(), RS_LOADER_AT(section, offset));
  if (written != static_cast<ssize_t>(bytes.size()))
    return device_failure("write", written < 0 ? errno : EIO);
  bytes_ += size;
  return ok;
}

Outcome<Nothing> Service::compare(std::uint32_t section, std::uint64_t offset, std::uint64_t size) {
  std::vector<std::byte> theirs(size);
  auto got = pread(fd_, theirs.data(), theirs.size(), RS_LOADER_AT(section, offset));
  if (got != static_cast<ssize_t>(size)) return device_failure("read", got < 0 ? errno : EIO);
  bytes_ += size;
  auto difference = first_difference(linked_.module.object(), section,
                                     image_of(section).subspan(offset, size), theirs);
  if (difference) return Failure{*difference, kNo};
  return ok;
}

Outcome<Nothing> Service::hand_over(std::uint32_t section) {
  auto size = linked_.module.object().sections()[section].size;
  bool writes = mode_ == Mode::kUser;
  if (size == 0 || (writes && !has_relocations(section))) return ok;
  ++sections_;
  if (section != linked_.module.this_module())
    return writes ? write(section, 0, size) : compare(section, 0, size);
  const auto& shape = linked_.module.abi().module_struct;
  for (auto at : {shape.init, shape.exit})
    TRY(writes ? write(section, at, 8) : compare(section, at, 8));
  return ok;
}

Outcome<Nothing> Service::serve(const rs_loader_load& load) {
  TRY(check_shape(load));
  auto sections = TRY(read_sections(load.sections));
  auto symbols = TRY(read_symbols(load.symbols));
  TRY(place(sections));
  linked_.image.percpu_address = load.percpu;
  TRY(bind(symbols));
  modules::Diagnostics judged({});
  auto linked =
      modules::link(linked_.module.object(), linked_.layout, linked_.image, linked_.values, judged);
  if (!linked) return Failure{describe(linked.error(), "the module")};
  if (judged.blocking()) return Failure{"a relocation does not fit at these addresses", kNo};
  if (mode_ == Mode::kShadow && !linker_.finish_symbols(linked_))
    return Failure{"the symbol table does not fit into its section", kNo};
  const auto& object = linked_.module.object();
  for (std::uint32_t index = 1; index < object.sections().size(); ++index)
    if (has_memory(index)) TRY(hand_over(index));
  return ok;
}

void Service::run(int ended) {
  pollfd files[2] = {{fd_, POLLIN, 0}, {ended, POLLIN, 0}};
  while (poll(files, 2, -1) < 0 && errno == EINTR) continue;
  rs_loader_load load{};
  if (call(fd_, RS_LOADER_IOC_WAIT, load) != 0 || load.state != RS_LOADER_PARKED) return;
  auto served = serve(load);
  if (!served) failure_ = served.error().message;
  rs_loader_verdict verdict{};
  bool fails = !served && mode_ == Mode::kUser;
  verdict.verdict = fails ? RS_LOADER_FAIL : RS_LOADER_DONE;
  verdict.error = fails ? ENOEXEC : 0;
  auto error = call(fd_, RS_LOADER_IOC_COMPLETE, verdict);
  if (error != 0 && failure_.empty()) failure_ = device_failure("complete", error).message;
}

}  // namespace

const char* computer_name(Computer computer) {
  constexpr const char* kNames[] = {"nobody", "user space", "the core", "the kernel"};
  return kNames[static_cast<int>(computer)];
}

Outcome<HandOver> HandOver::open() {
  UniqueFd fd(::open(RS_LOADER_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (fd) return HandOver(std::move(fd));
  auto failure = system_failure("open", RS_LOADER_DEVICE);
  if (errno == ENOENT) failure.message += "; load ringside_loader.ko first";
  return failure;
}

// False where the hook is not to be had.
Outcome<bool> HandOver::arm(Mode mode) {
  rs_loader_arm arm{};
  arm.mode = static_cast<std::uint32_t>(mode), arm.timeout_ms = kParkedAtMost;
  auto error = call(fd_.get(), RS_LOADER_IOC_ARM, arm);
  if (error != 0 && error != EBUSY) return device_failure("arm", error);
  return error == 0;
}

// Who computed the bytes of the load that has ended; the file is ready for the next one.
Computer HandOver::finish() {
  rs_loader_load load{};
  auto error = call(fd_.get(), RS_LOADER_IOC_WAIT, load);
  rs_loader_disarm disarm{};
  (void)call(fd_.get(), RS_LOADER_IOC_DISARM, disarm);
  return error == 0 && load.by <= RS_LOADER_BY_KERNEL ? static_cast<Computer>(load.by)
                                                      : Computer::kNobody;
}

Outcome<Nothing> HandOver::serve(Mode mode, modules::Linker& linker, Linked& linked,
                                 const std::function<int()>& init, HandedOver& result) {
  UniqueFd ended(eventfd(0, EFD_CLOEXEC));
  if (!ended) return system_failure("make", "an eventfd");
  Service service(fd_.get(), mode, linker, linked);
  std::thread server;
  if (mode != Mode::kKernel) server = std::thread([&] { service.run(ended.get()); });
  result.error = init();
  eventfd_write(ended.get(), 1);
  if (server.joinable()) server.join();
  result.by = finish();
  result.failure = service.failure();
  result.sections = service.sections(), result.bytes = service.bytes();
  return ok;
}

Outcome<HandedOver> HandOver::load(Mode mode, modules::Linker& linker, Linked& linked,
                                   const std::function<int()>& init) {
  HandedOver result;
  if (TRY(arm(mode)))
    TRY(serve(mode, linker, linked, init, result));
  else
    result.error = init();
  if (result.error != 0) return result;
  if (result.by == Computer::kNobody) result.by = Computer::kKernel;  // it never came to the hook
  if (mode == Mode::kShadow && result.failure.empty() && result.sections == 0)
    result.failure = "nothing was compared: the hook was not to be had";
  return result;
}

}  // namespace ringside::loader
