// Json: a writer of one line of JSON. Strings may hold any bytes; what is not UTF-8 becomes U+FFFD.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringside::oops {

class Json {
 public:
  Json& begin_object(std::string_view key = {}) { return open(key, '{'); }
  Json& end_object() { return close('}'); }
  Json& begin_array(std::string_view key = {}) { return open(key, '['); }
  Json& end_array() { return close(']'); }
  Json& text(std::string_view key, std::string_view value);
  Json& text(std::string_view value) { return text({}, value); }
  Json& number(std::string_view key, std::int64_t value);
  Json& hex(std::string_view key, std::uint64_t value);  // as "0x1f": doubles lose 64 bits
  Json& flag(std::string_view key, bool value);

  std::string take() { return std::move(out_); }

 private:
  Json& open(std::string_view key, char bracket);
  Json& close(char bracket);
  void begin(std::string_view key);
  void quote(std::string_view value);

  std::string out_;
  bool first_ = true;  // in the object or array at hand
};

}  // namespace ringside::oops
