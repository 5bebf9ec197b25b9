// The C face of core/ksyms for the kernel glue. Table lives in the caller's struct rs_table.
#include "kernel/base/table.h"

#include <new>

#include "core/elf/note.hh"
#include "core/ksyms/table.hh"

using ringside::Bytes;
using ringside::ksyms::Match;
using ringside::ksyms::Scratch;
using ringside::ksyms::Table;

static_assert(sizeof(Table) <= sizeof(rs_table) && alignof(Table) <= alignof(rs_table));
static_assert(sizeof(Scratch) <= sizeof(rs_scratch));

namespace {

Bytes span_of(rs_bytes bytes) {
  return {reinterpret_cast<const std::byte*>(bytes.data), bytes.size};
}

rs_bytes bytes_of(Bytes span) {
  return {reinterpret_cast<const unsigned char*>(span.data()), span.size()};
}

const Table& core(const rs_table* table) {
  return *reinterpret_cast<const Table*>(table);
}
Scratch& core(rs_scratch* scratch) {
  return *reinterpret_cast<Scratch*>(scratch);
}

void give(const Match& match, rs_symbol* symbol) {
  *symbol = {match.address, match.size, match.name.data(), static_cast<unsigned>(match.name.size()),
             match.type};
}

void give(const ringside::Error& error, rs_refusal* refusal) {
  *refusal = {error.what, error.part, error.at, error.expected, error.found};
}

}  // namespace

extern "C" {

int rs_table_start(rs_table* table, rs_bytes bytes, rs_refusal* refusal) {
  auto started = Table::start(span_of(bytes));
  if (started)
    ::new (table) Table(*started);
  else
    give(started.error(), refusal);
  return static_cast<bool>(started);
}

unsigned rs_table_blocks(const rs_table* table) {
  return core(table).blocks();
}

int rs_table_check(const rs_table* table, unsigned block, rs_scratch* scratch,
                   rs_refusal* refusal) {
  auto checked = core(table).check_block(block, core(scratch));
  if (!checked) give(checked.error(), refusal);
  return static_cast<bool>(checked);
}

rs_bytes rs_table_build_id(const rs_table* table) {
  return bytes_of(core(table).build_id());
}

unsigned rs_table_symbols(const rs_table* table) {
  return core(table).size();
}

int rs_table_find(const rs_table* table, unsigned long long address, rs_symbol* symbol,
                  rs_scratch* scratch) {
  auto match = core(table).find(address, core(scratch));
  if (match) give(*match, symbol);
  return match.has_value();
}

int rs_table_covers(const rs_table* table, unsigned long long address) {
  return core(table).covers(address);
}

int rs_table_name(const rs_table* table, rs_bytes name, unsigned nth, rs_symbol* symbol,
                  rs_scratch* scratch) {
  auto cursor = core(table).names({reinterpret_cast<const char*>(name.data), name.size});
  auto match = core(table).next(cursor, core(scratch));
  while (match && nth--) match = core(table).next(cursor, core(scratch));
  if (match) give(*match, symbol);
  return match.has_value();
}

rs_bytes rs_build_id_of_notes(rs_bytes notes) {
  auto id = ringside::elf::build_id_note(span_of(notes));
  return id && *id ? bytes_of(**id) : rs_bytes{};
}

}  // extern "C"
