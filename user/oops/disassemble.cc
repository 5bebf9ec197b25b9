// The bytes of "Code:" by capstone. Where instructions differ in length, those before the fault are
// read from the first byte from which the reading meets the fault. Targets of jumps count from the
// function's first byte, as offsets in a report do.
#include <capstone/capstone.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/oops/code.hh"
#include "user/oops/decode.hh"

namespace ringside::oops {
namespace {

struct Machine {
  cs_arch arch;
  int mode;
  bool swap;  // the library wants words with their highest byte first
};

std::optional<Machine> machine_of(const Report& report, const Code& code) {
  switch (report.arch) {
    case Arch::kX86_64:
      return Machine{CS_ARCH_X86, CS_MODE_64, false};
    case Arch::kI386:
      return Machine{CS_ARCH_X86, CS_MODE_32, false};
    case Arch::kArm:
      return Machine{CS_ARCH_ARM, code.unit == 2 ? CS_MODE_THUMB : CS_MODE_ARM, false};
    case Arch::kArm64:
      return Machine{CS_ARCH_ARM64, CS_MODE_ARM, false};
    case Arch::kPowerpc:
      return Machine{CS_ARCH_PPC, CS_MODE_64, false};
    case Arch::kMips:
      return Machine{CS_ARCH_MIPS, CS_MODE_MIPS64, false};
    case Arch::kSparc:
      return Machine{CS_ARCH_SPARC, static_cast<int>(CS_MODE_BIG_ENDIAN | CS_MODE_V9), true};
    default:
      return std::nullopt;
  }
}

// The library, loaded when it is first wanted: its tables are relocated then, which takes longer
// than most of our commands do.
struct Library {
  decltype(&cs_open) open = nullptr;
  decltype(&cs_close) close = nullptr;
  decltype(&cs_option) option = nullptr;
  decltype(&cs_disasm) disasm = nullptr;
  decltype(&cs_free) free = nullptr;

  Library() {
    void* file = dlopen("libcapstone.so.4", RTLD_NOW | RTLD_LOCAL);
    take(file, "cs_close", close), take(file, "cs_option", option);
    take(file, "cs_disasm", disasm), take(file, "cs_free", free);
    if (close && option && disasm && free) take(file, "cs_open", open);
  }
  template <class F>
  static void take(void* file, const char* name, F& function) {
    if (file) function = reinterpret_cast<F>(dlsym(file, name));
  }
};

const Library& library() {
  static const Library kLibrary;
  return kLibrary;
}

class Disassembler {
 public:
  explicit Disassembler(const Machine& machine) {
    if (!library().open) return;
    open_ = library().open(machine.arch, static_cast<cs_mode>(machine.mode), &handle_) == CS_ERR_OK;
    if (open_ && machine.arch == CS_ARCH_X86)
      library().option(handle_, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);  // as the kernel's scripts print
  }
  ~Disassembler() {
    if (open_) library().close(&handle_);
  }
  Disassembler(const Disassembler&) = delete;
  Disassembler& operator=(const Disassembler&) = delete;

  // The instructions of `bytes`, which begin at `address`, from `from` on up to `to`, or up to what
  // is none.
  std::vector<Instruction> read(std::span<const std::uint8_t> bytes, std::uint64_t address,
                                std::size_t from, std::size_t to) const {
    std::vector<Instruction> result;
    cs_insn* list = nullptr;
    auto count =
        open_ ? library().disasm(handle_, bytes.data() + from, to - from, address + from, 0, &list)
              : 0;
    end_ = from;
    for (std::size_t at = 0; at < count; ++at) {
      Instruction each;
      each.offset = static_cast<std::int64_t>(end_);
      for (std::size_t byte = 0; byte < list[at].size; ++byte)
        each.bytes += fmt::format("{}{:02x}", byte ? " " : "", list[at].bytes[byte]);
      each.text = list[at].mnemonic;
      if (*list[at].op_str) each.text += fmt::format(" {}", list[at].op_str);
      end_ += list[at].size;
      result.push_back(std::move(each));
    }
    if (list) library().free(list, count);
    return result;
  }
  std::size_t end() const { return end_; }  // where the last reading ended

 private:
  csh handle_ = 0;
  bool open_ = false;
  mutable std::size_t end_ = 0;
};

// How far behind its function's first byte the fault is; 0 where the report does not tell.
std::uint64_t offset_of_fault(const Report& report) {
  for (const auto& frame : report.frames())
    if (frame.role == Role::kFault && frame.has_offset && !frame.user) return frame.offset;
  return 0;
}

}  // namespace

bool load_disassembler() {
  return library().open != nullptr;
}

std::vector<Instruction> disassemble(const Report& report) {
  auto code = read_code(report);
  auto machine = machine_of(report, code);
  if (!machine || !code.marked) return {};
  if (machine->swap)
    for (std::size_t at = 0; at + code.unit <= code.size; at += code.unit)
      std::reverse(code.bytes + at, code.bytes + at + code.unit);
  std::span<const std::uint8_t> bytes(code.bytes, code.size);
  Disassembler disassembler(*machine);
  auto address = offset_of_fault(report) - code.fault;
  std::vector<Instruction> list;
  for (std::size_t from = 0; from < code.fault; ++from) {
    list = disassembler.read(bytes, address, from, code.fault);
    if (!list.empty() && disassembler.end() == code.fault) break;
    list.clear();
  }
  auto after = disassembler.read(bytes, address, code.fault, code.size);
  list.insert(list.end(), after.begin(), after.end());
  for (auto& each : list) each.offset -= static_cast<std::int64_t>(code.fault);
  return list;
}

}  // namespace ringside::oops
