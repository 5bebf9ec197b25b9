#include "core/firmware/transfer.hh"

#include <cstring>

namespace ringside::firmware {

std::string_view name_of(Verdict verdict) {
  constexpr std::string_view kNames[] = {"pending", "loaded", "not-found", "refused",
                                         "failed",  "late",   "gone"};
  return kNames[static_cast<unsigned>(verdict)];
}

Transfer::Transfer(const Order& order)
    : count_(order.folders * order.forms), forms_(order.forms), listed_only_(order.listed_only) {
  auto good = check_name(order.name);
  if (!good)
    stop(Verdict::kRefused, good.error().what);
  else if (listed_only_ && order.listed == nullptr)
    stop(Verdict::kRefused, "not in the manifest");
  else if (count_ == 0)
    stop(Verdict::kNotFound, "");
  if (order.listed != nullptr) std::memcpy(listed_.data(), order.listed->data(), listed_.size());
}

// What a folder has but may not be served is not looked for in the next one: that would be another
// file under the same name, and nobody would know.
void Transfer::opened(Found found) {
  if (step_ != Step::kOpen) return;
  if (found == Found::kOutside) return stop(Verdict::kRefused, "leads out of its folder");
  if (found == Found::kNotRegular) return stop(Verdict::kRefused, "not a regular file");
  if (found == Found::kFile)
    step_ = Step::kBegin;
  else if (++number_ == count_)
    stop(Verdict::kNotFound, "");
}

void Transfer::begun() {
  if (step_ == Step::kBegin) step_ = Step::kCopy;
}

void Transfer::copied(std::uint64_t bytes) {
  if (step_ != Step::kCopy) return;
  if (bytes > kSizeMax - bytes_) return stop(Verdict::kRefused, "larger than a kernel can take");
  bytes_ += bytes;
}

void Transfer::ended(const Digest* digest) {
  if (step_ != Step::kCopy) return;
  if (bytes_ == 0) return stop(Verdict::kRefused, "empty");
  bool good = !listed_only_ || (digest != nullptr &&
                                std::memcmp(digest->data(), listed_.data(), listed_.size()) == 0);
  if (!good) return stop(Verdict::kRefused, "not the bytes that the manifest lists");
  step_ = Step::kCommit;
}

void Transfer::committed() {
  if (step_ != Step::kCommit) return;
  step_ = Step::kEnd;
  verdict_ = Verdict::kLoaded;
}

void Transfer::aborted() {
  if (step_ == Step::kAbort) step_ = Step::kEnd;
}

void Transfer::gone() {
  if (step_ == Step::kEnd) return;
  if (verdict_ == Verdict::kPending) verdict_ = Verdict::kGone;
  step_ = Step::kEnd;
}

void Transfer::stop(Verdict verdict, const char* why) {
  if (step_ == Step::kAbort || step_ == Step::kEnd) return;
  step_ = Step::kAbort;
  verdict_ = verdict;
  why_ = why;
}

}  // namespace ringside::firmware
