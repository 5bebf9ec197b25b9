// debuginfod's client library, loaded at run time: a machine without it, or a user who has not set
// DEBUGINFOD_URLS, pays nothing for it. It keeps a cache of its own (~/.cache/debuginfod_client).
#include <dlfcn.h>
#include <elfutils/debuginfod.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "user/base/unique_fd.hh"
#include "user/lines/debug_places.hh"

namespace ringside::lines {
namespace {

template <class F>
F* function(void* library, const char* name) {
  return reinterpret_cast<F*>(dlsym(library, name));
}

}  // namespace

Outcome<std::filesystem::path> fetch_debug_file(const std::string& build_id) {
  const char* urls = std::getenv("DEBUGINFOD_URLS");
  if (!urls || !*urls) return Failure{"DEBUGINFOD_URLS is not set"};
  if (build_id.empty()) return Failure{"no build-id to ask debuginfod for"};
  void* library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);  // kept: it has threads
  if (!library) return Failure{"libdebuginfod.so.1 is not here: install libdebuginfod1"};
  auto* begin = function<decltype(debuginfod_begin)>(library, "debuginfod_begin");
  auto* find = function<decltype(debuginfod_find_debuginfo)>(library, "debuginfod_find_debuginfo");
  auto* end = function<decltype(debuginfod_end)>(library, "debuginfod_end");
  if (!begin || !find || !end) return Failure{"libdebuginfod.so.1 lacks what is wanted of it"};
  std::unique_ptr<debuginfod_client, decltype(end)> client(begin(), end);
  if (!client) return Failure{"debuginfod: no memory"};
  char* path = nullptr;
  auto id = reinterpret_cast<const unsigned char*>(build_id.c_str());
  UniqueFd fd(find(client.get(), id, 0, &path));  // length 0: the id is hex
  std::unique_ptr<char, decltype(&std::free)> guard(path, std::free);
  if (!fd || !path)
    return Failure{fmt::format("debuginfod has no debug information of build-id {}: {}", build_id,
                               std::strerror(-fd.get()))};
  return std::filesystem::path(path);
}

}  // namespace ringside::lines
