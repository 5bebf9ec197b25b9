// A tree whose files change without changing path, size or time is taken for the same, as by the
// index of exports.
#include "user/modules/tree_signatures.hh"

#include <sstream>

#include "core/modules/signature.hh"
#include "user/cache/cache.hh"
#include "user/modules/module_file.hh"

namespace ringside::modules {
namespace {

constexpr int kVersion = 1;

bool holds(const ModuleFile& file, const signature::Keyring& keyring) {
  Diagnostics ignored({});
  auto parts = split_signature(file.bytes(), ignored);
  return parts.signature.empty() ||
         keyring.verify(parts.content, parts.signature).state != signature::State::kWrong;
}

// The lines behind the key.
std::string verify_all(const Kernel& kernel, const signature::Keyring& keyring) {
  std::string text;
  for (const auto& each : kernel.tree().files()) {
    auto file = ModuleFile::open(kernel.tree().path_of(each));
    if (file && !holds(*file, keyring)) text += each.path + "\n";
  }
  return text;
}

}  // namespace

Outcome<TreeSignatures> TreeSignatures::of(const Kernel& kernel,
                                           const signature::Keyring& keyring) {
  const auto index_key = kernel.key();
  auto key = kimage::to_hex(index_key) + "\n";
  auto path = TRY(cache::index_path(kernel.build_id(), "signatures", kVersion));
  auto known = MappedFile::open(path);
  std::string text;
  if (known)
    text.assign(reinterpret_cast<const char*>(known->bytes().data()), known->bytes().size());
  if (!text.starts_with(key)) {
    text = key + verify_all(kernel, keyring);
    (void)cache::publish_file(path, as_bytes(text));  // without it the next run takes as long
  }
  TreeSignatures signatures;
  std::istringstream lines(text.substr(key.size()));
  for (std::string line; std::getline(lines, line);) signatures.wrong_.insert(line);
  return signatures;
}

}  // namespace ringside::modules
