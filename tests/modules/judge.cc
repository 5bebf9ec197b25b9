// As a user has them: both files in one folder, the subject checked, the provider beside it.
#include "tests/modules/judge.hh"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace ringside::modules::test {
namespace {

namespace fs = std::filesystem;

fs::path put(const fs::path& file, const Buffer& content) {
  std::ofstream stream(file, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
  return file;
}

bool has(const Verdict& verdict, const Reason& reason) {
  return std::any_of(verdict.reasons.begin(), verdict.reasons.end(), [&](const Reason& other) {
    return other.fault == reason.fault && other.severity == reason.severity;
  });
}

}  // namespace

Verdict judge(const Files& files, Kernel& kernel, const fs::path& folder) {
  auto checker = Checker::create(kernel, nullptr);
  if (!checker) throw std::runtime_error(checker.error().message);
  auto subject = put(folder / "subject.ko", files.subject);
  auto provider = put(folder / "provider.ko", files.provider);
  (void)(*checker)->provide(subject);  // as ringside check does; what is wrong is said by check()
  if (!files.base.empty()) (void)(*checker)->provide(put(folder / "base.ko", files.base));
  if (files.with_provider) (void)(*checker)->provide(provider);
  auto verdict = (*checker)->check("subject.ko", subject);
  (*checker)->check_closure(verdict);
  return verdict;
}

std::string said(const Verdict& verdict, const Verdict& unharmed) {
  std::string all;
  for (const auto& reason : verdict.reasons) {
    if (verdict.name != "crc7" && has(unharmed, reason)) continue;
    auto words = std::string(severity_name(reason.severity)) + " " + reason.fault;
    if ((", " + all + ", ").find(", " + words + ", ") != std::string::npos) continue;
    all += (all.empty() ? "" : ", ") + words;
  }
  return all;
}

}  // namespace ringside::modules::test
