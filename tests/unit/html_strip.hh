// The core's stripper over a whole text, in slices of a given size.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "core/html/stripper.hh"

namespace ringside::html::test {

// Feeds slices to a stripper and keeps what it writes into rooms of `room` bytes.
class Feeder {
 public:
  explicit Feeder(Stripper::Mode mode, Simd simd = Simd::kPortable, std::size_t room = 4096)
      : stripper_(std::make_unique<Stripper>(mode)), simd_(simd), room_(room) {}

  void feed(std::string_view slice) {
    while (!slice.empty()) {
      auto part = slice.substr(0, kSlice);
      // Its own memory, of just that size, so that a read beyond it is found.
      auto copy = std::make_unique<char[]>(part.size());
      std::ranges::copy(part, copy.get());
      Bytes bytes = as_bytes({copy.get(), part.size()});
      stripper_->index(bytes, simd_);
      do {
        keep([&](auto room) { return stripper_->run(bytes, room); });
      } while (!stripper_->done());
      slice.remove_prefix(part.size());
    }
  }

  std::string finish() {
    keep([&](auto room) { return stripper_->finish(room); });
    return std::move(text_);
  }

 private:
  template <class Write>
  void keep(Write write) {
    auto room = std::make_unique<std::byte[]>(room_);
    auto size = write(std::span(room.get(), room_));
    text_.append(reinterpret_cast<const char*>(room.get()), size);
  }

  std::unique_ptr<Stripper> stripper_;
  Simd simd_;
  std::size_t room_;
  std::string text_;
};

inline std::string strip(std::string_view input, Stripper::Mode mode = Stripper::kRaw,
                         Simd simd = Simd::kPortable, std::size_t slice = kSlice) {
  Feeder feeder(mode, simd);
  for (; !input.empty(); input.remove_prefix(std::min(slice, input.size())))
    feeder.feed(input.substr(0, slice));
  return feeder.finish();
}

}  // namespace ringside::html::test
