// Record: what a loader remembers of a module that it placed, since the kernel does not: one JSON
// file a module, RUN/modules/NAME.json. It counts only for the instance it was written for: the
// inode of /sys/module/NAME, which the kernel gives once a boot, and the build-id; a record that a
// stock rmmod left behind, or that is of another boot, is none. Nothing depends on it but what
// `ringside list` says, and where it looks for a module's file.
#pragma once

#include "user/loader/loaded.hh"

namespace ringside::loader {

enum class Placement { kStock, kBind, kUser, kKernel };
const char* placement_name(Placement placement);  // "stock", "bind", "user", "kernel"
std::optional<Placement> placement_of(std::string_view name);

struct Record {
  Placement placement = Placement::kStock;
  std::filesystem::path file;
  std::string parameters;
};

// Failing to write it is not the load's failure; callers say so.
Outcome<Nothing> write_record(const Loaded& module, const Record& record, const Roots& roots = {});
std::optional<Record> read_record(const Loaded& module, const Roots& roots = {});
// The names of all modules that there are records of, good ones or not.
std::vector<std::string> recorded_names(const Roots& roots = {});
void drop_record(const std::string& name, const Roots& roots = {});

}  // namespace ringside::loader
