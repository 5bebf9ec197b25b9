#include "cli/insmod/record.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/elf/file.hh"
#include "core/elf/note.hh"
#include "core/modules/rules.hh"

namespace ringside::insmod {
namespace {

constexpr std::size_t kNameMax = modules::kModuleNameMax;

// The module's name, by its file's as kmod takes it.
bool name_of(const char* path, char (&name)[kNameMax]) {
  const char* slash = std::strrchr(path, '/');
  const char* start = slash ? slash + 1 : path;
  const char* end = std::strstr(start, ".ko");
  if (!end || end - start >= static_cast<std::ptrdiff_t>(kNameMax)) return false;
  std::size_t size = 0;
  for (; start + size != end; ++size) name[size] = start[size] == '-' ? '_' : start[size];
  name[size] = 0;
  return size > 0;
}

Bytes build_id_of(Bytes file) {
  auto elf = elf::File::open(file);
  auto section = elf ? elf->find(".note.gnu.build-id") : elf.error();
  auto id = section && *section ? elf::build_id_note((*section)->data) : Error{};
  return id && *id ? **id : Bytes();
}

void put_text(std::FILE* file, const char* text) {
  std::fputc('"', file);
  for (; *text; ++text) {
    if (static_cast<unsigned char>(*text) < ' ')
      std::fprintf(file, "\\u%04x", static_cast<unsigned>(*text));
    else
      std::fprintf(file, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
  }
  std::fputc('"', file);
}

}  // namespace

void write_record(const char* placement, const char* path, Bytes file, const char* parameters) {
  char name[kNameMax], folder[128], target[192], real[PATH_MAX];
  struct stat instance;
  if (!name_of(path, name) || !realpath(path, real)) return;
  std::snprintf(folder, sizeof(folder), "/sys/module/%s", name);
  if (stat(folder, &instance) != 0) return;
  (void)mkdir("/run/ringside", 0755), (void)mkdir("/run/ringside/modules", 0755);
  std::snprintf(folder, sizeof(folder), "/run/ringside/modules/.%s.%d", name, getpid());
  std::snprintf(target, sizeof(target), "/run/ringside/modules/%s.json", name);
  std::FILE* record = std::fopen(folder, "we");
  if (!record) return;
  std::fprintf(record, "{\"placement\": \"%s\", \"instance\": %llu, \"build-id\": \"", placement,
               static_cast<unsigned long long>(instance.st_ino));
  for (auto byte : build_id_of(file)) std::fprintf(record, "%02x", static_cast<unsigned>(byte));
  std::fputs("\", \"file\": ", record);
  put_text(record, real);
  std::fputs(", \"parameters\": ", record);
  put_text(record, parameters);
  std::fputs("}\n", record);
  if (std::fclose(record) != 0 || rename(folder, target) != 0) unlink(folder);
}

}  // namespace ringside::insmod
