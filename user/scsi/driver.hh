// Driver: a scan driven by threads, each of which sends one command at a time.
#pragma once

#include <functional>

#include "core/scsi/scan.hh"
#include "user/base/failure.hh"
#include "user/base/reserved_memory.hh"
#include "user/scsi/bsg.hh"

namespace ringside::scsi {

using Send = std::function<Reply(const Command&, Room&)>;

// Scans, and calls `found` for every verdict, one at a time. The summaries are of the goals.
Outcome<std::vector<Summary>> drive(const Order& order, const Send& send,
                                    const std::function<void(const Found&)>& found);

}  // namespace ringside::scsi
