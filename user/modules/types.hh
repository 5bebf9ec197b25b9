// Types: what a kernel's BTF says of a function, as C text, and what of it differs between two
// kernels. A changed CRC says that something did; this says what.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "user/kimage/image.hh"

namespace ringside::modules {

class Types {
 public:
  // Reads the BTF of `image`, which it keeps.
  static Outcome<std::shared_ptr<const Types>> open(kimage::Image image);

  const std::string& release() const { return image_.release(); }

  // "int kern_path(const char *name, unsigned int flags, struct path *path)"; no value where there
  // is no such function or variable in the BTF.
  std::optional<std::string> declaration(std::string_view name) const;

  // What differs between this kernel's type of `name` and `other`'s, what is nearest to the
  // prototype first: "struct path has 16 bytes, 24 in 6.1.0-9-amd64"; no value where nothing does
  // as far as was looked.
  std::optional<std::string> difference(const Types& other, std::string_view name) const;

 private:
  friend class TypeComparison;
  explicit Types(kimage::Image image) : image_(std::move(image)) {}

  kimage::BtfType type(std::uint32_t id) const;
  kimage::BtfMember member(const kimage::BtfType& type, std::uint32_t index) const;
  std::string text(std::uint32_t id, std::string declarator) const;
  std::string prototype(const kimage::BtfType& type, std::string declarator) const;

  kimage::Image image_;
  std::optional<kimage::Btf> btf_;
  std::unordered_map<std::string_view, std::uint32_t> names_;  // functions and variables: type ids
};

}  // namespace ringside::modules
