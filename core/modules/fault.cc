// The stable names, in the order of the enumerators.
#include "core/modules/fault.hh"

#include <cstddef>

namespace ringside::modules {
namespace {

constexpr std::string_view kFaultNames[] = {
    "file-too-short",
    "bad-magic",
    "wrong-class",
    "wrong-type",
    "wrong-machine",
    "section-header-size",
    "section-table-outside",
    "name-table-index",
    "name-table-type",
    "name-table-outside",
    "name-table-empty",
    "name-table-unterminated",
    "section-zero",
    "section-outside",
    "section-name",
    "section-alignment",
    "null-section-allocated",
    "symtab-missing",
    "symtab-not-unique",
    "symtab-link",
    "string-table-type",
    "string-table-unterminated",
    "symbol-name",
    "symbol-section",
    "common-symbol",
    "livepatch-symbol",
    "modinfo-missing",
    "modinfo-not-unique",
    "modinfo-unterminated",
    "this-module-missing",
    "this-module-not-unique",
    "this-module-empty",
    "this-module-not-allocated",
    "this-module-size",
    "this-module-fields",
    "module-name",
    "vermagic",
    "vermagic-missing",
    "write-exec-section",
    "section-name-twice",
    "livepatch-module",
    "percpu-size",
    "percpu-alignment",
    "versions-missing",
    "version-name",
    "export-entry",
    "export-order",
    "export-versions-missing",
    "export-version-count",
    "proprietary-license",
    "loads-proprietary",
    "out-of-tree",
    "staging",
    "test-module",
    "unsigned",
    "signature-too-short",
    "signature-length",
    "signature-header",
    "signature-type",
    "layout-too-large",
    "unresolved-symbol",
    "version-missing",
    "crc-mismatch",
    "gpl-only-symbol",
    "namespace-not-imported",
    "proprietary-provider",
    "unexported-symbol",
    "unexported-symbol-license",
    "duplicate-export",
    "rel-section",
    "relocates-symbols",
    "relocation-type",
    "relocation-offset",
    "relocation-symbol",
    "relocation-target",
    "relocation-overflow",
    "relocation-truncated",
};
static_assert(sizeof(kFaultNames) / sizeof(kFaultNames[0]) ==
              static_cast<std::size_t>(Fault::kCount));

constexpr std::string_view kSeverityNames[] = {"refused", "unsafe", "unsupported", "taints",
                                               "note"};

}  // namespace

std::string_view fault_name(Fault fault) {
  return fault < Fault::kCount ? kFaultNames[static_cast<std::size_t>(fault)] : "unknown";
}

std::string_view severity_name(Severity severity) {
  return kSeverityNames[static_cast<std::size_t>(severity)];
}

}  // namespace ringside::modules
