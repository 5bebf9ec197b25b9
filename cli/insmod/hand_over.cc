// The loading thread arms and loads; a second one waits until the load is parked, relocates copies
// of the sections that have relocations with the kernel's own symbol values, and writes them back.
// Where nothing is ever parked, the loading thread's byte in a pipe ends the wait.
#include "cli/insmod/hand_over.hh"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/modules/link.hh"

namespace ringside::insmod {
namespace {

using modules::Diagnostics;
using modules::Object;

constexpr unsigned kParkedAtMost = 20'000;  // ms

template <class T>
int call(int fd, unsigned long request, T& argument) {
  argument.size = sizeof(T), argument.version = RS_LOADER_VERSION;
  return ioctl(fd, request, &argument) == 0 ? 0 : errno;
}

// Zeroed memory for the length of one load.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : size_(bytes) {
    void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED) memory_ = memory;
  }
  ~Memory() {
    if (memory_) munmap(memory_, size_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  std::span<std::byte> bytes() const {
    return {static_cast<std::byte*>(memory_), memory_ ? size_ : 0};
  }

 private:
  void* memory_ = nullptr;
  std::size_t size_;
};

struct Service {
  int fd, ended;
  const modules::Rules* rules;
  Bytes file;
};

template <class T>
int read_table(int fd, unsigned long request, std::span<T> records) {
  rs_loader_table table{};
  table.count = static_cast<__u32>(records.size());
  table.records = reinterpret_cast<std::uintptr_t>(records.data());
  if (int error = call(fd, request, table)) return error;
  return table.count == records.size() ? 0 : EPROTO;
}

int write_at(int fd, std::uint32_t section, std::uint64_t offset, Bytes bytes) {
  auto written = pwrite(fd, bytes.data(), bytes.size(), RS_LOADER_AT(section, offset));
  return written == static_cast<ssize_t>(bytes.size()) ? 0 : EIO;
}

// Of struct module only the words that have relocations, init and exit, are ours.
int write_words(int fd, const Object& object, std::uint32_t section, Bytes bytes) {
  for (std::uint32_t index = 1; index < object.sections().size(); ++index) {
    const auto& header = object.sections()[index];
    if (header.type != modules::kSectionRela || header.info != section) continue;
    auto table = object.contents(index);
    for (std::size_t at = 0; fits(at, sizeof(modules::Relocation), table.size());
         at += sizeof(modules::Relocation)) {
      auto offset = load<modules::Relocation>(table, at).offset;
      if (!fits(offset, 8, bytes.size())) return ENOEXEC;
      if (int error = write_at(fd, section, offset, bytes.subspan(offset, 8))) return error;
    }
  }
  return 0;
}

// Copies of all sections that have relocations, at their addresses.
Status copy_targets(const Object& object, std::span<const rs_loader_section> sections,
                    std::span<modules::Target> targets, Arena& arena) {
  for (const auto& header : object.sections()) {
    if (header.type != modules::kSectionRela || header.info >= targets.size()) continue;
    auto& target = targets[header.info];
    if (!target.bytes.empty() || sections[header.info].address == 0) continue;
    target.bytes = TRY(arena.take<std::byte>(object.sections()[header.info].size));
    target.address = sections[header.info].address;
    auto contents = object.contents(header.info);
    if (!contents.empty()) std::memcpy(target.bytes.data(), contents.data(), contents.size());
  }
  return ok;
}

Result<int> serve(const Service& service, const rs_loader_load& load) {
  Memory memory(256u << 20);
  Arena arena(memory.bytes());
  modules::Diagnostic room[8];
  Diagnostics diagnostics(room);
  auto object = TRY(Object::open(service.file, *service.rules, arena, diagnostics));
  if (load.sections != object.sections().size() || load.symbols != object.symbol_count())
    return ENOEXEC;
  auto sections = TRY(arena.take<rs_loader_section>(load.sections));
  auto values = TRY(arena.take<std::uint64_t>(load.symbols));
  auto targets = TRY(arena.take<modules::Target>(load.sections));
  if (int error = read_table(service.fd, RS_LOADER_IOC_SECTIONS, sections)) return error;
  if (int error = read_table(service.fd, RS_LOADER_IOC_SYMBOLS, values)) return error;
  TRY(copy_targets(object, sections, targets, arena));
  modules::relocate_sections(object, targets, values, diagnostics);
  if (diagnostics.blocking()) return ENOEXEC;
  for (std::uint32_t index = 1; index < targets.size(); ++index) {
    Bytes bytes = targets[index].bytes;
    if (bytes.empty()) continue;
    int error = index == load.module_section ? write_words(service.fd, object, index, bytes)
                                             : write_at(service.fd, index, 0, bytes);
    if (error) return error;
  }
  return 0;
}

void* serve_thread(void* argument) {
  const auto& service = *static_cast<const Service*>(argument);
  pollfd files[2] = {{service.fd, POLLIN, 0}, {service.ended, POLLIN, 0}};
  while (poll(files, 2, -1) < 0 && errno == EINTR) continue;
  rs_loader_load load{};
  if (call(service.fd, RS_LOADER_IOC_WAIT, load) != 0 || load.state != RS_LOADER_PARKED)
    return nullptr;
  auto served = serve(service, load);
  int error = served ? *served : ENOEXEC;
  rs_loader_verdict verdict{};
  verdict.verdict = error ? RS_LOADER_FAIL : RS_LOADER_DONE;
  verdict.error = static_cast<__u32>(error);
  (void)call(service.fd, RS_LOADER_IOC_COMPLETE, verdict);
  return nullptr;
}

}  // namespace

namespace {

// Of a load that has ended.
bool was_relocated_by_us(int fd) {
  rs_loader_load load{};
  return call(fd, RS_LOADER_IOC_WAIT, load) == 0 &&
         (load.by == RS_LOADER_BY_USER || load.by == RS_LOADER_BY_CORE);
}

}  // namespace

int hand_over(unsigned mode, const char* release, Bytes file, const char* parameters,
              bool& by_kernel) {
  const auto* rules = modules::rules_for(release);
  int fd = open(RS_LOADER_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  int ends[2];
  if (fd < 0) return errno;
  if (!rules || pipe2(ends, O_CLOEXEC) != 0) return close(fd), ENOSYS;
  Service service{fd, ends[0], rules, file};
  rs_loader_arm arm{};
  arm.mode = mode, arm.timeout_ms = kParkedAtMost;
  pthread_t thread;
  bool serves = mode == RS_LOADER_USER;
  int error = call(fd, RS_LOADER_IOC_ARM, arm);
  if (error == EBUSY) error = 0, serves = false;  // no hook: the kernel relocates as ever
  if (error == 0 && serves) error = pthread_create(&thread, nullptr, serve_thread, &service);
  if (error == 0) {
    error = syscall(SYS_init_module, file.data(), file.size(), parameters) ? errno : 0;
    (void)!write(ends[1], "", 1);
    if (serves) pthread_join(thread, nullptr);
    by_kernel = error == 0 && !was_relocated_by_us(fd);
  }
  close(ends[0]), close(ends[1]), close(fd);
  return error;
}

}  // namespace ringside::insmod
