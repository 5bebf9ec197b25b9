// The agent: PID 1 of a lab guest. main.cc is its table of contents; the other files are its
// parts. It is linked statically and lives in the initramfs, so nothing of the host's user space
// has to run before the host's tree is mounted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lab/port.hh"

namespace ringside::lab::agent {

// Ends the guest with a last line on its console; the host turns that into status 125.
[[noreturn]] void die(const std::string& what);
// die(), with errno's reason, unless `good`.
void require(bool good, const std::string& what);

std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view bytes);

BootConfig read_config();
void load_modules(const BootConfig& config);
// Mounts what every root needs, the host's tree and the shares, and moves into them.
void mount_early();
void enter_root(const BootConfig& config);

// Opens the four ports; waits until the driver has made them.
void open_ports(Port (&ports)[kPortCount]);

// Runs commands until the host asks for the end.
[[noreturn]] void serve(Port (&ports)[kPortCount], const BootConfig& config);

}  // namespace ringside::lab::agent
