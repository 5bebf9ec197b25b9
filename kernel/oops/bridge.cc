// The C face of core/lines for the kernel glue. LineIndex lives in the caller's struct rs_lines.
#include "kernel/oops/bridge.h"

#include <new>

#include "core/lines/index.hh"
#include "core/lines/text.hh"

using ringside::Bytes;
using ringside::Error;
using ringside::lines::FrameWork;
using ringside::lines::LineIndex;

static_assert(sizeof(LineIndex) <= sizeof(rs_lines) && alignof(LineIndex) <= alignof(rs_lines));
static_assert(sizeof(FrameWork) <= sizeof(rs_work));

namespace {

const LineIndex& core(const rs_lines* lines) {
  return *reinterpret_cast<const LineIndex*>(lines);
}
FrameWork& core(rs_work* work) {
  return *reinterpret_cast<FrameWork*>(work);
}

int passed(const ringside::Status& status, rs_refusal* refusal) {
  if (status) return 1;
  const Error& error = status.error();
  *refusal = {error.what, error.part, error.at, error.expected, error.found};
  return 0;
}

}  // namespace

extern "C" {

int rs_lines_open(rs_lines* lines, rs_bytes bytes, rs_refusal* refusal) {
  auto* index = ::new (lines) LineIndex;
  return passed(index->open({reinterpret_cast<const std::byte*>(bytes.data), bytes.size}), refusal);
}

unsigned rs_lines_parts(const rs_lines* lines) {
  const auto& index = core(lines);
  return index.blocks() + index.names().blocks() + index.path_names().blocks();
}

int rs_lines_check(const rs_lines* lines, unsigned part, rs_work* work, rs_refusal* refusal) {
  const auto& index = core(lines);
  if (part < index.blocks()) return passed(index.check_block(part), refusal);
  part -= index.blocks();
  auto& scratch = core(work).scratch;
  if (part < index.names().blocks())
    return passed(index.names().check_block(part, scratch), refusal);
  return passed(index.path_names().check_block(part - index.names().blocks(), scratch), refusal);
}

rs_bytes rs_lines_build_id(const rs_lines* lines) {
  auto id = core(lines).build_id();
  return {reinterpret_cast<const unsigned char*>(id.data()), id.size()};
}

unsigned rs_lines_text(const rs_lines* lines, unsigned long long address, rs_bytes symbol,
                       rs_work* work, char* room, unsigned size) {
  std::string_view name(reinterpret_cast<const char*>(symbol.data), symbol.size);
  return static_cast<unsigned>(ringside::lines::frame_text(lines ? &core(lines) : nullptr, address,
                                                           name, core(work), {room, size}));
}

}  // extern "C"
