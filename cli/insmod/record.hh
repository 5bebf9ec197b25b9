// What `ringside list` reads of a module that was placed here: user/loader/record.hh's file.
#pragma once

#include "core/base/bytes.hh"

namespace ringside::insmod {

// Writes the record of the loaded module whose `file` came from `path`, under /run, which an
// initramfs hands on. A record that cannot be written is none: the module then counts as stock's.
void write_record(const char* placement, const char* path, Bytes file, const char* parameters);

}  // namespace ringside::insmod
