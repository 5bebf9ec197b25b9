// Config: what modprobe's configuration says of loading by name. Of modprobe.d(5) and the kernel's
// command line:
//
//   options NAME ...        honoured: parameters of that module, before those of the command line
//   NAME.PARAM=VALUE        honoured: the same, on the kernel's command line
//   install NAME COMMAND    refused: the command is not run, and the module not loaded behind it
//   blacklist NAME          said: it is about aliases, by which nothing is loaded here
//   softdep, alias, remove  not used
//
// Source: modprobe.d(5), libkmod's libkmod-config.c for the order of folders.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ringside::loader {

struct Config {
  std::map<std::string, std::string> options;   // by module: "a=1 b=2"
  std::map<std::string, std::string> installs;  // by module: the command
  std::set<std::string> blacklist;
};

// Reads every *.conf below `folders` (of one file name, the first folder's counts), in the order of
// their names, then the kernel's command line.
Config read_config(const std::vector<std::filesystem::path>& folders,
                   const std::filesystem::path& command_line);
// modprobe's own folders, and /proc/cmdline.
Config read_config();

}  // namespace ringside::loader
