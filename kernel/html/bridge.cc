// The C face of core/html for the kernel glue. The Stripper lives in the caller's memory.
#include "kernel/html/bridge.h"

#include <new>

#include "core/html/stripper.hh"

using ringside::Bytes;
using ringside::html::Simd;
using ringside::html::Stripper;

static_assert(RS_HTML_SLICE == ringside::html::kSlice);
static_assert(RS_HTML_LEAST_ROOM == Stripper::kLeastRoom);
static_assert(RS_HTML_INDEX_AVX2 == static_cast<int>(Simd::kAvx2));

namespace {

Stripper& core(rs_html_stripper* stripper) {
  return *reinterpret_cast<Stripper*>(stripper);
}

Bytes span_of(const unsigned char* slice, unsigned bytes) {
  return {reinterpret_cast<const std::byte*>(slice), bytes};
}

std::span<std::byte> span_of(unsigned char* room, unsigned long bytes) {
  return {reinterpret_cast<std::byte*>(room), bytes};
}

}  // namespace

extern "C" {

unsigned long rs_html_bytes(void) {
  return sizeof(Stripper);
}

rs_html_stripper* rs_html_start(void* memory, int raw) {
  auto mode = raw ? Stripper::kRaw : Stripper::kPage;
  return reinterpret_cast<rs_html_stripper*>(::new (memory) Stripper(mode));
}

void rs_html_index(rs_html_stripper* stripper, const unsigned char* slice, unsigned bytes,
                   rs_html_index_by by) {
  core(stripper).index(span_of(slice, bytes), static_cast<Simd>(by));
}

unsigned long rs_html_run(rs_html_stripper* stripper, const unsigned char* slice, unsigned bytes,
                          unsigned char* room, unsigned long room_bytes) {
  return core(stripper).run(span_of(slice, bytes), span_of(room, room_bytes));
}

int rs_html_done(const rs_html_stripper* stripper) {
  return reinterpret_cast<const Stripper*>(stripper)->done();
}

unsigned long rs_html_finish(rs_html_stripper* stripper, unsigned char* room,
                             unsigned long room_bytes) {
  return core(stripper).finish(span_of(room, room_bytes));
}

}  // extern "C"
