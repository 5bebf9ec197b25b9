// Depth-first without recursion: a module that is entered while it is still open closes a circle.
#include "user/modtree/closure.hh"

#include <fmt/format.h>

#include <algorithm>

#include "user/base/mapped_file.hh"

namespace ringside::modtree {
namespace {

enum class State { kOpen, kDone };

struct Frame {
  std::string name;
  std::vector<std::string> needs;
  std::size_t next = 0;
};

class Walker {
 public:
  explicit Walker(const Direct& direct) : direct_(direct) {}

  Outcome<Nothing> visit(const std::string& root) {
    TRY(enter(root));
    while (!frames_.empty()) {
      auto& frame = frames_.back();
      if (frame.next < frame.needs.size()) {
        TRY(enter(std::string(frame.needs[frame.next++])));
      } else {
        states_[frame.name] = State::kDone;
        order_.push_back(std::move(frame.name));
        frames_.pop_back();
      }
    }
    return ok;
  }

  std::vector<std::string> take() { return std::move(order_); }

 private:
  Outcome<Nothing> enter(const std::string& name) {
    auto [state, fresh] = states_.try_emplace(name, State::kOpen);
    if (!fresh) return state->second == State::kOpen ? circle(name) : Outcome<Nothing>(ok);
    frames_.push_back({name, TRY(direct_(name))});
    return ok;
  }

  Failure circle(const std::string& name) const {
    std::string text;
    auto open = std::find_if(frames_.begin(), frames_.end(),
                             [&](const Frame& frame) { return frame.name == name; });
    for (; open != frames_.end(); ++open) text += open->name + " -> ";
    return {fmt::format("modules need each other: {}{}", text, name), kNo};
  }

  const Direct& direct_;
  std::unordered_map<std::string, State> states_;
  std::vector<Frame> frames_;
  std::vector<std::string> order_;
};

// "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko"
void take_line(std::string_view line,
               std::unordered_map<std::string, std::vector<std::string>>& needs) {
  auto colon = line.find(':');
  if (colon == line.npos) return;
  auto name = module_name(line.substr(0, colon));
  if (name.empty()) return;
  auto& list = needs[name];
  for (auto rest = line.substr(colon + 1); !rest.empty();) {
    auto end = std::min(rest.find(' '), rest.size());
    if (auto word = module_name(rest.substr(0, end)); !word.empty()) list.push_back(word);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::sort(list.begin(), list.end());
}

}  // namespace

Outcome<std::vector<std::string>> closure(std::span<const std::string> names,
                                          const Direct& direct) {
  Walker walker(direct);
  for (const auto& name : names) TRY(walker.visit(name));
  return walker.take();
}

Outcome<DepFile> DepFile::open(const std::filesystem::path& folder) {
  auto file = TRY(MappedFile::open(folder / "modules.dep"));
  std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  DepFile dep;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    take_line(text.substr(0, end), dep.needs_);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return dep;
}

const std::vector<std::string>* DepFile::find(std::string_view name) const {
  auto at = needs_.find(with_underscores(name));
  return at == needs_.end() ? nullptr : &at->second;
}

}  // namespace ringside::modtree
