// specimen: a file's digest. specimen [--placement=user|kernel] FILE
#include <cstdio>
#include <string>
#include <system_error>

#include "user/placement.hh"

int main(int argc, char** argv) try {
  std::string option = argc == 3 ? argv[1] : "--placement=user";
  bool kernel = option == "--placement=kernel";
  if (argc < 2 || argc > 3 || (!kernel && option != "--placement=user")) {
    std::fprintf(stderr, "usage: specimen [--placement=user|kernel] FILE\n");
    return 64;
  }
  const char* file = argv[argc - 1];
  std::puts(
      (kernel ? specimen_service::digest_in_kernel(file) : specimen_service::digest_here(file))
          .c_str());
  return 0;
} catch (const std::system_error& error) {
  std::fprintf(stderr, "specimen: %s\n", error.what());
  return 2;
}
