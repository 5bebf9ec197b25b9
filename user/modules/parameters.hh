// Parameters: what a module says its parameters are (parmtype= in .modinfo) against the types that
// kernels know. No kernel looks at this; people and modinfo do.
#pragma once

#include <functional>
#include <vector>

#include "user/modules/explain.hh"

namespace ringside::modules {

// Notes ("parameter-type"): a type that neither `has_export` (the kernel's param_ops_TYPE) nor the
// module itself provides operations for; a description (parm=) of a parameter without a type.
std::vector<Reason> check_parameters(const Module& module,
                                     const std::function<bool(std::string_view)>& has_export);

}  // namespace ringside::modules
