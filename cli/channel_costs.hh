// The work of `ringside channel bench` and `ringside channel advise`.
#pragma once

#include <string>
#include <vector>

#include "user/base/failure.hh"

namespace ringside::cli {

struct ChannelBench {
  std::vector<std::string> names;  // channels to measure; none: all but the lab's
  std::string from;                // a file of results instead, of which a table or plot is made
  std::string plot;                // where an SVG is written
  bool json = false;
};

// `argv`: what the results name as the command that repeats them. kNo where a channel could not be
// measured, which a line on stderr says of each.
Outcome<int> bench_channels(const ChannelBench& wanted, int argc, char** argv);

struct ChannelQuestion {
  std::size_t size = 64;
  double rate = 1000;
  std::string direction = "both", loss = "none", from, kernel;
};

Outcome<int> advise_channel(const ChannelQuestion& question);

}  // namespace ringside::cli
