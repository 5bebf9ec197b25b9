// The C face of core/firmware for the kernel glue. The Transfer lives in the caller's memory.
#include "kernel/firmware/bridge.h"

#include <new>

#include "core/firmware/transfer.hh"

using ringside::firmware::Found;
using ringside::firmware::Order;
using ringside::firmware::Step;
using ringside::firmware::Transfer;
using ringside::firmware::Verdict;

static_assert(sizeof(Transfer) <= sizeof(rs_transfer) && alignof(Transfer) <= alignof(rs_transfer));
static_assert(RS_TRANSFER_MAX == ringside::firmware::kSizeMax);
static_assert(RS_TRANSFER_END == static_cast<int>(Step::kEnd));
static_assert(RS_FOUND_NOT_REGULAR == static_cast<int>(Found::kNotRegular));
static_assert(RS_VERDICT_FAILED == static_cast<int>(Verdict::kFailed));

namespace {

Transfer& core(rs_transfer* transfer) {
  return *reinterpret_cast<Transfer*>(transfer);
}
const Transfer& core(const rs_transfer* transfer) {
  return *reinterpret_cast<const Transfer*>(transfer);
}

}  // namespace

extern "C" {

void rs_transfer_start(rs_transfer* transfer, const char* name, unsigned long bytes,
                       unsigned folders) {
  ::new (transfer) Transfer(Order{{name, bytes}, folders, 1});
}

rs_transfer_step rs_transfer_next(const rs_transfer* transfer) {
  return static_cast<rs_transfer_step>(core(transfer).step());
}

unsigned rs_transfer_folder(const rs_transfer* transfer) {
  return core(transfer).candidate().folder;
}

void rs_transfer_opened(rs_transfer* transfer, rs_transfer_found found) {
  core(transfer).opened(static_cast<Found>(found));
}

void rs_transfer_begun(rs_transfer* transfer) {
  core(transfer).begun();
}

void rs_transfer_copied_all(rs_transfer* transfer, unsigned long bytes) {
  core(transfer).copied(bytes);
  core(transfer).ended(nullptr);
}

void rs_transfer_committed(rs_transfer* transfer) {
  core(transfer).committed();
}

void rs_transfer_aborted(rs_transfer* transfer) {
  core(transfer).aborted();
}

void rs_transfer_fail(rs_transfer* transfer) {
  core(transfer).fail("");
}

rs_transfer_verdict rs_transfer_outcome(const rs_transfer* transfer) {
  return static_cast<rs_transfer_verdict>(core(transfer).verdict());
}

}  // extern "C"
