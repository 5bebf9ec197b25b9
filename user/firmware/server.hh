// Server: answers every request for firmware, as it comes and as it is found: requests that were
// there before, and those that send no event (FW_ACTION_NOUEVENT), by looking into their folder.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "user/firmware/events.hh"
#include "user/firmware/job.hh"

namespace ringside::firmware {

inline constexpr unsigned kParallel = 8;  // requests that are answered at once; others wait

class Server {
 public:
  // Fails where there are no requests to answer (no sysfs, no right), or another one serves.
  static Outcome<Server> create(Settings settings);

  // Until `stop` is readable; then goes on with what it has begun, within its time, and leaves the
  // rest to whoever serves next.
  void run(int stop);

 private:
  struct Pool;
  Server(std::shared_ptr<const Settings> settings, UniqueFd requests, Events events);

  void scan(bool first);
  void take(const std::string& device, bool first);
  void read_events();
  void expire();
  bool has_ended();

  std::shared_ptr<const Settings> settings_;
  UniqueFd requests_;
  Events events_;
  std::shared_ptr<Pool> pool_;
  std::vector<std::shared_ptr<Job>> jobs_;  // that have not ended
  std::set<std::uint64_t> known_, seen_;    // identities: taken up; of the last scan
};

}  // namespace ringside::firmware
