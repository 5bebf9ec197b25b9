// The core alone: known digests, and that pieces make no difference. Prints a line a check.
#include <cstdio>
#include <string>

#include "core/specimen.hh"

namespace {

bool failed = false;

void check(const char* what, bool fine) {
  failed = failed || !fine;
  std::printf("%s %s\n", fine ? "ok" : "not ok", what);
}

std::string digest_of(const std::string& text, unsigned long piece) {
  specimen_service::Digest digest;
  for (unsigned long at = 0; at < text.size(); at += piece) {
    auto part = text.substr(at, piece);
    digest.feed(reinterpret_cast<const unsigned char*>(part.data()), part.size());
  }
  std::string room(16, '0');
  to_text(digest, room.data());
  return room;
}

}  // namespace

int main() {
  // http://www.isthe.com/chongo/src/fnv/test_fnv.c
  check("nothing", digest_of("", 1) == "cbf29ce484222325");
  check("one letter", digest_of("a", 1) == "af63dc4c8601ec8c");
  check("a word", digest_of("foobar", 6) == "85944171f73967e8");
  std::string text(10000, 'x');
  check("pieces of any size", digest_of(text, 1) == digest_of(text, 4096));
  return failed;
}
