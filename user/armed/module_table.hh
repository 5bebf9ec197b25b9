// ModuleTable: a module's source lines as the kernel takes them: which of the index's addresses
// each of its sections has, and where the kernel will put that section.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/modules/layout.hh"
#include "include/ringside/uapi/oops.h"
#include "user/lines/debug_places.hh"
#include "user/loader/loaded.hh"
#include "user/modules/kernel.hh"

namespace ringside::armed {

class ModuleTable {
 public:
  // Of the module `file`, laid out by `kernel`'s rules. Its lines are looked for by `places`.
  static Outcome<ModuleTable> make(const modules::Kernel& kernel, const std::filesystem::path& file,
                                   const lines::Places& places, const lines::Progress& progress);

  // The module has been found loaded, with its sections' addresses: where its regions are. Fails
  // where its sections do not lie as we would lay them out.
  Outcome<Nothing> place(const loader::Loaded& loaded);

  // It has not: the kernel will see where it is put.
  void displace();

  const std::string& name() const { return name_; }
  const rs_oops_take& about() const { return about_; }
  Bytes lines() const { return lines_.index().bytes(); }
  const std::vector<rs_oops_part>& parts() const { return parts_; }

 private:
  struct Section {
    std::string name;
    std::uint32_t region, offset;
  };
  explicit ModuleTable(lines::SourceIndex lines) : lines_(std::move(lines)) {}
  Outcome<Nothing> read(const modules::Kernel& kernel, Bytes file, const std::string& input);
  Outcome<Nothing> read_section(const modules::Module& module, const modules::Place& place,
                                std::uint32_t index);

  std::string name_;
  lines::SourceIndex lines_;
  rs_oops_take about_{};
  std::vector<rs_oops_part> parts_;
  std::vector<Section> kept_;  // what stays after the module's start
};

}  // namespace ringside::armed
