// Parameters: what a module says its parameters are (parmtype= in .modinfo) against the types that
// kernels know, which no kernel looks at, but people and modinfo do; and those that it has (section
// __param), each of which becomes a file in sysfs.
// Source: include/linux/moduleparam.h (struct kernel_param), module_param_sysfs_setup.
#pragma once

#include <functional>
#include <vector>

#include "user/modules/explain.hh"

namespace ringside::modules {

// Notes ("parameter-type"): a type that neither `has_export` (the kernel's param_ops_TYPE) nor the
// module itself provides operations for. Refused ("parameter-twice"): two parameters of one name
// that are both shown in sysfs.
std::vector<Reason> check_parameters(const Module& module,
                                     const std::function<bool(std::string_view)>& has_export);

}  // namespace ringside::modules
