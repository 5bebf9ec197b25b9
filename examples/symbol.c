/* The symbol of an address in a kernel image: symbol IMAGE ADDRESS [OFFSET]
 * cc symbol.c $(pkg-config --cflags --libs ringside) -o symbol */
#include <inttypes.h>
#include <ringside/ringside.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  struct ringside_error error = RINGSIDE_ERROR_INIT;
  struct ringside_symbol symbol = RINGSIDE_SYMBOL_INIT;
  struct ringside_image *image = NULL;
  struct ringside_symbols *symbols = NULL;
  if (argc < 3) return RINGSIDE_USAGE;

  int status = ringside_image_open(argv[1], &image, &error);
  if (status == RINGSIDE_YES) status = ringside_symbols_open(image, &symbols, &error);
  if (status != RINGSIDE_YES) {
    fprintf(stderr, "%s\n", error.message);
  } else {
    uint64_t address = strtoull(argv[2], NULL, 16);
    uint64_t offset = argc > 3 ? strtoull(argv[3], NULL, 16) : 0;
    printf("%s %s\n", ringside_image_release(image), ringside_image_build_id(image));
    status = ringside_find_address(symbols, address, offset, &symbol);
    if (status == RINGSIDE_YES)
      printf("%s+%#" PRIx64 "/%#" PRIx64 "\n", symbol.name, symbol.distance, symbol.size);
  }
  ringside_symbols_close(symbols);
  ringside_image_close(image);
  return status;
}
