// The life of the agent: modules, ports, the host's tree, then commands until the host says stop.
#include <sys/utsname.h>

#include "lab/agent/agent.hh"

int main() {
  using namespace ringside::lab;
  agent::mount_early();
  auto config = agent::read_config();
  agent::load_modules(config);
  Port ports[kPortCount];
  agent::open_ports(ports);
  agent::enter_root(config);
  utsname names{};
  uname(&names);
  ports[kControl].send(Type::kHello, 0, names.release);
  agent::serve(ports, config);
}
