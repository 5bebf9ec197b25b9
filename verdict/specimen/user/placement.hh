// The user glue: a file's digest, computed here or by /dev/specimen. Errors are std::system_error.
#pragma once

#include <string>

namespace specimen_service {

std::string digest_here(const std::string& file);
std::string digest_in_kernel(const std::string& file);

}  // namespace specimen_service
