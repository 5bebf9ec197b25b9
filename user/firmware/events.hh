// Events: the kernel's uevents, as they are sent.
#pragma once

#include <optional>
#include <string>

#include "user/base/failure.hh"
#include "user/base/unique_fd.hh"

namespace ringside::firmware {

class Events {
 public:
  static Outcome<Events> open();

  int fd() const { return fd_.get(); }  // readable where next() has something

  struct Event {
    bool lost = false;   // some were, or could not be understood: the folder knows
    std::string device;  // that asks for firmware; empty: another event
  };
  // Nothing where none has come. What anybody but the kernel sent is not looked at.
  std::optional<Event> next();

 private:
  explicit Events(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace ringside::firmware
