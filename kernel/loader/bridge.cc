// The C face of core/modules for the kernel glue.
#include "kernel/loader/bridge.h"

#include "core/modules/relocate.hh"
#include "core/modules/resolved.hh"

using namespace ringside;

namespace {

std::span<std::byte> span_of(rs_bytes bytes) {
  return {reinterpret_cast<std::byte*>(bytes.data), bytes.size};
}

std::span<std::uint64_t> span_of(unsigned long long* values, unsigned count) {
  return {reinterpret_cast<std::uint64_t*>(values), count};
}

rs_refusal refusal_of(std::string_view what, const auto& facts) {
  return {what.data(), static_cast<unsigned>(what.size()), facts.at, facts.expected, facts.found};
}

}  // namespace

extern "C" {

int rs_read_symbols(const rs_symbols* symbols, rs_refusal* refusal) {
  modules::ResolvedTable table{span_of(symbols->original), span_of(symbols->resolved),
                               span_of(symbols->sections), symbols->percpu_section,
                               symbols->percpu};
  auto read = modules::read_resolved(table, span_of(symbols->values, symbols->count));
  if (!read)
    *refusal = refusal_of({read.error().what, __builtin_strlen(read.error().what)}, read.error());
  return static_cast<bool>(read);
}

int rs_relocate(const rs_relocations* relocations, rs_refusal* refusal) {
  modules::Diagnostic first;
  modules::Diagnostics diagnostics({&first, 1});
  auto address = reinterpret_cast<std::uint64_t>(relocations->target.data);
  auto values = reinterpret_cast<const std::uint64_t*>(relocations->values);
  modules::relocate(span_of(relocations->records), relocations->section,
                    {span_of(relocations->target), address}, {values, relocations->count},
                    diagnostics);
  if (diagnostics.empty()) return 1;
  *refusal = refusal_of(modules::fault_name(first.fault), first);
  return 0;
}

}  // extern "C"
