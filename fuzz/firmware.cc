// Any bytes as a uevent, as the file in a request's folder, as a name and as a manifest. What comes
// out must lie in the input, and a name that is let through must be one that leads nowhere else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/firmware/manifest.hh"
#include "core/firmware/uevent.hh"

using namespace ringside;
using namespace ringside::firmware;

static void inside(std::string_view view, std::string_view input) {
  if (view.data() < input.data() || view.data() + view.size() > input.data() + input.size())
    std::abort();
}

static void expect_harmless(std::string_view name) {
  if (!check_name(name)) return;
  FileName room;
  if (name.empty() || name[0] == '/' || name.back() == '/') std::abort();
  if (file_name(name, Form::kZstd, room).size() >= room.size()) std::abort();
  auto path = std::string("/") + std::string(name) + "/";
  for (auto bad : {"//", "/./", "/../"})
    if (path.find(bad) != path.npos) std::abort();
}

static void expect_request(const Request& request, std::string_view input) {
  inside(request.name, input);
  expect_harmless(request.name);
  if (!is_folder_of(request.device, request.name)) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (auto request = read_uevent(input); request && *request) expect_request(**request, input);
  if (auto request = read_uevent_file("a!b", input)) expect_request(*request, input);
  expect_harmless(input);
  Manifest manifest(input);
  for (;;) {
    auto listed = manifest.next();
    if (!listed || !*listed) return 0;
    inside((*listed)->name, input);
    if (!check_name((*listed)->name)) std::abort();
    expect_harmless((*listed)->name);
  }
}
