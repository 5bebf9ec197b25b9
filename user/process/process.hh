// Child processes: run a program by its argument vector (no shell), wait for its end, keep what it
// printed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "user/base/failure.hh"

namespace ringside {

struct Process {
  std::vector<std::string> argv;         // argv[0] is looked up by find_program
  std::filesystem::path directory;       // the working directory; empty: the caller's
  std::vector<std::string> environment;  // NAME=VALUE, put over the caller's environment
};

struct ProcessResult {
  int status = 0;   // the exit status, or 128 plus the number of the signal that killed it
  std::string out;  // all of its stdout
  std::string err;  // all of its stderr
};

// The file that runs as `name`: itself where it holds a '/', else the first in PATH, or in the
// sbin folders, which a plain user's PATH lacks on Debian.
Outcome<std::filesystem::path> find_program(const std::string& name);

// Runs `process` with an empty stdin and waits for it. A failure means that it could not be
// started; a process that ends badly is a result. The child dies with the thread that runs it.
Outcome<ProcessResult> run_process(const Process& process);

// The stdout of `process`; a failure, with the first line of its stderr, where its status is not 0.
Outcome<std::string> output_of(const Process& process);

}  // namespace ringside
