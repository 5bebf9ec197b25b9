// Placer: from a relocatable object that is no module to the finished bytes of a space's three
// parts. Sections go by their flags: executable ones into text, writable ones into data, the rest
// into read-only data, each at its own alignment. Undefined symbols are bound to the kernel's own
// exports (not to modules', whose references nobody would count); to GPL-only ones only where the
// object's .modinfo says a licence that kernels call compatible. Not exported ones are not bound.
//
// Nothing patches a space as kernels patch modules: an object with tables for that (return sites,
// alternatives, static calls, jump labels) is refused. Such an object is compiled like this:
//
//   g++ -O2 -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only
//       -fcf-protection=branch -fno-exceptions -fno-rtti -fno-stack-protector
//       -fno-asynchronous-unwind-tables -fno-omit-frame-pointer -c core.cc
//
// The frame pointer is for the kernel's unwinder, which has no tables of it.
#pragma once

#include <map>

#include "core/ksyms/symbol.hh"
#include "core/modules/modinfo.hh"
#include "core/modules/object.hh"
#include "user/modules/kernel.hh"
#include "user/space/space.hh"

namespace ringside::space {

class Placer {
 public:
  // Borrows `kernel`, the one that runs here, `offset` bytes above its link address.
  Placer(const modules::Kernel& kernel, std::uint64_t offset) : kernel_(kernel), offset_(offset) {}

  // Opens `object` (borrowed) and lays it out; `extra` bytes are added behind the data. Fails
  // (kNo) with the first thing that stands against it.
  Outcome<Nothing> open(Bytes object, const std::string& label, std::uint64_t extra);

  const Addresses& sizes() const { return sizes_; }  // bytes of each part
  std::uint64_t extra_at() const { return extra_; }  // offset of the extra bytes in the data

  // Binds and relocates for parts at `addresses`; the finished parts.
  Outcome<std::array<std::vector<std::byte>, RS_SPACE_PARTS>> link(const Addresses& addresses);

  // Offset into the text of the function `name`; no value where the object defines none.
  std::optional<std::uint64_t> function(std::string_view name) const;

  // What lies in the text, for parts at `addresses`, and where that ends; names are borrowed from
  // the object.
  std::vector<ksyms::Symbol> symbols(const Addresses& addresses) const;

 private:
  struct Place {
    std::uint32_t part = RS_SPACE_PARTS;  // none
    std::uint64_t offset = 0;
  };

  Outcome<Nothing> lay_out(std::uint64_t extra);
  Outcome<Nothing> define(const Addresses& addresses, std::vector<std::uint64_t>& values) const;
  Outcome<std::uint64_t> bind(const modules::Symbol& symbol) const;
  Failure failure(const std::string& what) const { return {label_ + ": " + what, kNo}; }

  const modules::Kernel& kernel_;
  std::uint64_t offset_;
  std::string label_;
  std::vector<std::byte> memory_;
  std::vector<modules::Diagnostic> room_;
  std::optional<modules::Object> object_;
  std::vector<Place> places_;  // one a section
  Addresses sizes_{};
  std::uint64_t extra_ = 0;
  modules::Modinfo info_;
};

}  // namespace ringside::space
