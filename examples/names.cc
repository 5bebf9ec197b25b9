// Every symbol of a name in a kernel image, and whether modules may use it: names IMAGE NAME
// c++ -std=c++17 names.cc $(pkg-config --cflags --libs ringside) -o names
#include <cstdio>
#include <ringside/ringside.hh>
#include <string>

static int fail(const ringside::Problem& problem) {
  std::fprintf(stderr, "%s\n", problem.message.c_str());
  return problem.status;
}

int main(int argc, char** argv) {
  if (argc != 3) return RINGSIDE_USAGE;
  const std::string name = argv[2];
  auto image = ringside::Image::open(argv[1]);
  if (!image) return fail(image.error());
  auto symbols = image->symbols();
  if (!symbols) return fail(symbols.error());
  auto exports = image->exports();
  if (!exports) return fail(exports.error());

  for (const auto& symbol : symbols->named(name))
    std::printf("%016llx %c %llu bytes\n", static_cast<unsigned long long>(symbol.address),
                symbol.type, static_cast<unsigned long long>(symbol.size));
  for (std::uint32_t index = 0; index < exports->size(); ++index)
    if (auto entry = exports->at(index); entry && entry->name == name)
      std::printf("exported%s, CRC %08x\n", entry->gpl_only ? " to GPL modules" : "",
                  entry->crc.value_or(0));
  return symbols->named(name).empty() ? RINGSIDE_NO : RINGSIDE_YES;
}
