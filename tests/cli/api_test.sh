# The library as its users meet it: installed into a prefix of its own, moved, found by pkg-config
# and by CMake, compiled against from C and C++, and run on a real kernel.
. "$(dirname "$0")/tap.sh"
export PKG_CONFIG_LIBDIR CMAKE_BUILD_PARALLEL_LEVEL=1
tree=$scratch/moved/usr
strict='-Wall -Wextra -Wpedantic -Werror'

install_and_move() { # staged below DESTDIR, then moved: nothing may remember where it was
  DESTDIR=$scratch/staged capture cmake --install "$build" --prefix /opt/ringside || return 1
  mkdir -p "$scratch/moved" && mv "$scratch/staged/opt/ringside" "$tree"
}
installs() {
  install_and_move && [ ! -e "$tree/include/core" ] && for file in bin/ringside \
    libexec/ringside/ringside-agent include/ringside/ringside.h include/ringside/ringside.hh \
    include/ringside/exit_status.hh include/ringside/uapi/ksyms.h share/doc/ringside/COPYING \
    share/bash-completion/completions/ringside share/zsh/site-functions/_ringside \
    share/fish/vendor_completions.d/ringside.fish; do
    [ -s "$tree/$file" ] || { echo "# $file is not there"; return 1; }
  done
}
is "cmake --install puts command, agent, library, headers, completions and licence" installs
[ -x "$tree/bin/ringside" ] || finish

library=$(find "$tree" -name libringside.so.0)
lib=$(dirname "$library")
PKG_CONFIG_LIBDIR=$lib/pkgconfig
export LD_LIBRARY_PATH="$lib"

exports_only_api() {
  nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $3); print $3 }' |
    grep -v '^RINGSIDE_[0-9]*$' | sort >"$scratch/exported"
  grep -o '\bringside_[a-z_]*(' "$tree/include/ringside/ringside.h" | tr -d '(' |
    sort -u >"$scratch/declared"
  diff "$scratch/declared" "$scratch/exported" >"$scratch/out"
}
is "the library exports what ringside.h declares, and nothing else" exports_only_api
versioned() { # what a version has never moves to another
  nm -D --defined-only --with-symbol-versions "$library" >"$scratch/out"
  out_has ' ringside_image_open@@RINGSIDE_0$' && out_has ' ringside_link_open@@RINGSIDE_2$' &&
    out_has ' ringside_channel_open@@RINGSIDE_3$' &&
    ! grep ' T ringside' "$scratch/out" | grep -qv '@@RINGSIDE_[023]$'
}
is "every function bears the version that it came with" versioned
has_soname() { readelf -d "$library" | grep -q 'SONAME.*libringside.so.0]'; }
is "its soname is libringside.so.0" has_soname

compiles_c() {
  capture cc -std=c11 $strict "$tree/share/doc/ringside/examples/symbol.c" \
    $(pkg-config --cflags --libs ringside) -o "$scratch/symbol"
  ended 0
}
compiles_cxx() {
  capture c++ -std=c++17 $strict "$tree/share/doc/ringside/examples/names.cc" \
    $(pkg-config --cflags --libs ringside) -o "$scratch/names"
  ended 0
}
compiles_modules() {
  capture c++ -std=c++17 $strict "$tree/share/doc/ringside/examples/modules.cc" \
    $(pkg-config --cflags --libs ringside) -o "$scratch/modules"
  ended 0
}
compiles_channel() {
  capture c++ -std=c++17 $strict "$tree/share/doc/ringside/examples/channel.cc" \
    $(pkg-config --cflags --libs ringside) -o "$scratch/channel"
  ended 0
}
is "the C example compiles by pkg-config" compiles_c
is "the C++ example compiles by pkg-config" compiles_cxx
is "the module example compiles by pkg-config" compiles_modules
is "the channel example compiles by pkg-config" compiles_channel

by_cmake() {
  mkdir -p "$scratch/project"
  cp "$tree"/share/doc/ringside/examples/*.c* "$scratch/project"
  cat >"$scratch/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES C CXX)
find_package(ringside 0.1 REQUIRED)
add_executable(symbol symbol.c)
add_executable(names names.cc)
target_link_libraries(symbol PRIVATE ringside::ringside)
target_link_libraries(names PRIVATE ringside::ringside)
add_executable(modules modules.cc)
target_link_libraries(modules PRIVATE ringside::ringside)
add_executable(channel channel.cc)
target_link_libraries(channel PRIVATE ringside::ringside)
END
  capture cmake -S "$scratch/project" -B "$scratch/project/build" -DCMAKE_PREFIX_PATH="$tree"
  ended 0 && capture cmake --build "$scratch/project/build" && ended 0
}
is "all compile by find_package(ringside)" by_cmake

refuses() {
  capture "$scratch/symbol" /etc/passwd 1
  ended 2 && one_line && err_has '^/etc/passwd: .*bzImage or vmlinux'
}
is "the C example says in one line why a text file is no kernel" refuses

no_channel() {
  capture "$scratch/channel" pigeon text && ended 64 && one_line &&
    err_has "^no channel 'pigeon', expected one of: syscall, ioctl, " || return 1
  [ -e /dev/ringside-channel ] && return
  capture "$scratch/channel" ioctl text && ended 2 && one_line && err_has 'ringside_channels'
}
is "the channel example says in one line what is missing" no_channel

cat >"$scratch/misuse.c" <<'END'
#include <assert.h>
#include <ringside/ringside.h>
#include <string.h>
int main(void) {
  struct ringside_error error = RINGSIDE_ERROR_INIT;
  struct ringside_symbol unset;
  struct ringside_image *image = (void *)1;
  memset(&unset, 0, sizeof(unset));
  assert(ringside_api_version() == RINGSIDE_API_VERSION);
  assert(ringside_image_open(NULL, &image, &error) == RINGSIDE_USAGE && !image);
  assert(error.status == RINGSIDE_USAGE && error.message[0]);
  assert(ringside_image_open("/nonexistent", &image, NULL) == RINGSIDE_UNKNOWN && !image);
  error.struct_size = 0;
  error.status = 7;
  assert(ringside_image_open("/nonexistent", &image, &error) == RINGSIDE_UNKNOWN);
  assert(error.status == 7); /* a struct without its size is left alone */
  error = (struct ringside_error)RINGSIDE_ERROR_INIT;
  struct ringside_modules *modules = (void *)1;
  struct ringside_link *link = (void *)1;
  assert(ringside_modules_open("/nonexistent", NULL, &modules, &error) == RINGSIDE_UNKNOWN);
  assert(!modules && strstr(error.message, "/nonexistent"));
  assert(ringside_link_open(NULL, "ext4", 0, &link, &error) == RINGSIDE_USAGE && !link);
  assert(ringside_link_finish(NULL, &error) == RINGSIDE_USAGE);
  assert(ringside_verdict_answer(NULL) == RINGSIDE_USAGE && !ringside_verdict_need(NULL, 0));
  ringside_link_close(NULL), ringside_verdict_close(NULL), ringside_modules_close(NULL);
  assert(ringside_find_address(NULL, 0, 0, &unset) == RINGSIDE_USAGE);
  struct ringside_channel *channel = (void *)1;
  struct ringside_ability ability = RINGSIDE_ABILITY_INIT;
  assert(ringside_channel_open(NULL, &channel, &error) == RINGSIDE_USAGE && !channel);
  channel = (void *)1;
  assert(ringside_channel_open("pigeon", &channel, &error) == RINGSIDE_USAGE && !channel);
  assert(strstr(error.message, "no channel 'pigeon', expected one of: syscall, ioctl, "));
  assert(ringside_channel_call(NULL, "", 0, NULL, NULL, &error) == RINGSIDE_USAGE);
  assert(ringside_channel_send(NULL, "", 0, &error) == RINGSIDE_USAGE);
  assert(ringside_channel_wait(NULL, 0, NULL, &error) == RINGSIDE_USAGE);
  assert(ringside_channel_ability(NULL, &ability) == RINGSIDE_USAGE);
  assert(ringside_channel_descriptor(NULL, NULL) == -1);
  ringside_channel_close(NULL);
  ringside_image_close(NULL);
  ringside_symbols_close(NULL);
  ringside_exports_close(NULL);
  return 0;
}
END
misuse() {
  capture cc -std=c11 $strict "$scratch/misuse.c" $(pkg-config --cflags --libs ringside) \
    -o "$scratch/misuse" && capture "$scratch/misuse" && ended 0
}
is "null pointers, missing files and unset sizes are refused" misuse

agent_found() {
  capture env -u LD_LIBRARY_PATH "$tree/bin/ringside" doctor --json
  out_has "\"found\":\"$tree/libexec/ringside/ringside-agent\",\"group\":\"The lab\",\"name\":\"agent\"" &&
    ! out_has '"name":"agent","needed":true,"state":"(no|unknown)"'
}
is "the installed command finds its agent in ../libexec/ringside" agent_found

image=$(image_of 6.1)
if [ -z "$image" ]; then
  for what in "the C example finds an address" "the C++ example finds a name" \
    "the CMake build finds the same" "all symbols of a name, offsets, every export" \
    "the module example" "modules checked, linked and edited" "functions not exported"; do
    skip "$what" "kernel 6.1 is not in the cache: ringside lab fetch 6.1"
  done
  finish
fi

# The command is the oracle: another path to the same answers.
address=$("$ringside" ksyms -k 6.1 vfs_write | cut -d' ' -f1)
c_example() {
  capture "$1" "$image" "$address"
  ended 0 && out_has '^6\.1\.[^ ]* [0-9a-f]{40}$' && out_has '^vfs_write\+0(x0)?/0x[0-9a-f]+$' &&
    capture "$1" "$image" 1 && ended 1
}
cxx_example() {
  capture "$1" "$image" vfs_write
  ended 0 && out_has "^$address T [0-9]+ bytes" && ! out_has exported &&
    capture "$1" "$image" kfree && out_has '^exported, CRC [0-9a-f]{8}$' &&
    capture "$1" "$image" no_such_symbol && ended 1
}
is "the C example finds an address" c_example "$scratch/symbol"
is "the C++ example finds a name" cxx_example "$scratch/names"
cmake_examples() {
  c_example "$scratch/project/build/symbol" && cxx_example "$scratch/project/build/names"
}
is "the CMake build finds the same" cmake_examples

cat >"$scratch/whole.cc" <<'END'
#include <cstdio>
#include <ringside/ringside.hh>
// Prints all that the API gives, in the commands' own form; OFFSET moves it there and back.
int main(int, char** argv) {
  constexpr std::uint64_t kOffset = 0x1a000000;
  auto symbols = ringside::Image::open(argv[1])->symbols();  // outlives its image
  if (!symbols) return RINGSIDE_UNKNOWN;
  for (std::uint32_t at = 0; at < symbols->size(); ++at) {
    auto symbol = symbols->at(at);
    if (!symbol || symbol->index != at) return RINGSIDE_NO;
    std::printf("%016llx %c %s\n", (unsigned long long)symbol->address, symbol->type,
                symbol->name.c_str());
  }
  if (symbols->at(symbols->size())) return RINGSIDE_NO;
  auto plain = symbols->named("vfs_write")[0], moved = symbols->named("vfs_write", kOffset)[0];
  auto inside = symbols->find(moved.address + 5, kOffset);
  if (moved.address != plain.address + kOffset || !inside || inside->address != moved.address ||
      inside->distance != 5 || inside->size != plain.size)
    return RINGSIDE_NO;
  auto exports = ringside::Image::open(argv[1])->exports();
  for (std::uint32_t at = 0; at < exports->size(); ++at) {
    auto entry = exports->at(at);
    std::fprintf(stderr, "0x%08x\t%s\tvmlinux\t%s\t%s\n", entry->crc.value_or(0),
                 entry->name.c_str(), entry->gpl_only ? "EXPORT_SYMBOL_GPL" : "EXPORT_SYMBOL",
                 entry->name_space.c_str());
  }
  return exports->at(exports->size()) ? RINGSIDE_NO : RINGSIDE_YES;
}
END
whole() { # the symbols of one address may differ in order from the image's: compared sorted
  c++ -std=c++17 "$scratch/whole.cc" $(pkg-config --cflags --libs ringside) -o "$scratch/whole" &&
    "$scratch/whole" "$image" >"$scratch/symbols" 2>"$scratch/exports" &&
    "$ringside" kimage 6.1 --symbols | sort >"$scratch/symbols.expected" &&
    "$ringside" kimage 6.1 --exports >"$scratch/exports.expected" &&
    sort "$scratch/symbols" | cmp - "$scratch/symbols.expected" &&
    cmp "$scratch/exports" "$scratch/exports.expected"
}
is "all symbols and exports, a name with and without offset, as the command has them" whole

# Modules. The commands check and link are the oracle.
release=$(release_of 6.1)
modules=$(dirname "$image")/../lib/modules/$release
loop=$modules/kernel/drivers/block/loop.ko
module_example() {
  capture "$scratch/modules" "$image" "$modules" ext4 && ended 0 &&
    [ "$(tail -3 "$scratch/out" | cut -d' ' -f1)" = "$("$ringside" link ext4 -k 6.1 --map \
      -o "$scratch/ext4" | awk '/^module ext4/ { own = 1 } own && $1 == "region" { print substr($2, 3) }')" ] &&
    dd if="$loop" of="$scratch/cut.ko" bs=1000 count=1 status=none &&
    capture "$scratch/modules" "$image" "$modules" "$scratch/cut.ko" && ended 1 &&
    out_has '^section-table-outside: ' &&
    capture "$scratch/modules" "$image" "$modules" no_such_module && ended 2 &&
    err_has '^no_such_module: no such module in '
}
is "the module example says where a module goes, and why one does not" module_example

cat >"$scratch/linked.cc" <<'END'
#include <cassert>
#include <cstdio>
#include <cstring>
#include <ringside/ringside.hh>
// Links a module twice, by the library's memory and by the caller's; writes each region to
// OUT.REGION and the edited file to OUT.ko; prints the map.
static void write(const std::string& name, const void* bytes, std::size_t size) {
  std::FILE* file = std::fopen(name.c_str(), "wb");
  assert(file && std::fwrite(bytes, 1, size, file) == size);
  std::fclose(file);
}
int main(int, char** argv) {
  auto modules = ringside::Modules::open(argv[1], argv[2]);
  auto link = modules->link(argv[3]);
  assert(link && link->sections().empty() && !link->regions()[0].bytes);
  auto file = link->edit();
  assert(file);
  write(argv[4] + std::string(".ko"), file->data(), file->size());
  std::vector<unsigned char> memory(link->regions()[0].size, 0xff);
  assert(!link->place(0, 0xffffffffc1000000, memory.data(), memory.size() - 1));
  assert(link->place(0, 0xffffffffc1000000, memory.data(), memory.size()));
  assert(!link->place(9, 0) && !link->finish() && !link->place(0, 0));
  assert(link->finish()->status == RINGSIDE_USAGE);
  assert(link->regions()[0].bytes == memory.data());
  for (const auto& region : link->regions())
    write(argv[4] + ("." + region.name), region.bytes, region.size);
  for (const auto& need : link->needs()) assert(need.address && need.provider == "vmlinux");
  for (const auto& each : link->sections())
    std::printf("section %#018llx %llu %u %s\n", (unsigned long long)each.address,
                (unsigned long long)each.size, each.relocations, each.name.c_str());
  auto twice = modules->link(argv[3]);
  assert(!twice && twice.error().status == RINGSIDE_NO);
  auto ext4 = modules->link("ext4");  // jbd2 has not been linked
  auto problem = ext4->finish();
  assert(problem && problem->status == RINGSIDE_NO && std::strstr(problem->message.c_str(), "jbd2"));
  auto needs = ext4->needs();
  for (std::uint32_t at = 0; at < needs.size(); ++at)
    if (!needs[at].address) assert(ext4->bind(at, 0xffffffffc2000000));
  auto edited = ext4->edit();
  assert(edited);
  write(argv[4] + std::string(".ext4.ko"), edited->data(), edited->size());
}
END
undefined_in() { readelf -sW "$1" | awk '$7 == "UND" && $8' | wc -l; }
linked() {
  c++ -std=c++17 "$scratch/linked.cc" $(pkg-config --cflags --libs ringside) -o "$scratch/linked" &&
    capture "$scratch/linked" "$image" "$modules" loop "$scratch/loop" && ended 0 || return 1
  "$ringside" link loop -k 6.1 --at core=0xffffffffc1000000 -o "$scratch/expected" --map |
    awk '$1 == "section" { print $1, $2, $3, $NF == "relocations)" ? substr($(NF - 1), 2) : 0, $4 }' |
    sort >"$scratch/map"
  sort "$scratch/out" | cmp "$scratch/map" - || return 1
  for region in core init; do
    cmp "$scratch/loop.$region" "$scratch/expected.loop.$region" || return 1
  done
  # All needs of loop are the kernel's; ext4 keeps one for each of the modules that it needs.
  [ "$(undefined_in "$loop")" -gt 50 ] && [ "$(undefined_in "$scratch/loop.ko")" -eq 0 ] &&
    [ "$(undefined_in "$scratch/loop.ext4.ko")" -eq \
      "$(modinfo -F depends "$modules/kernel/fs/ext4/ext4.ko" | tr ',' '\n' | wc -l)" ] &&
    ! tail -c 28 "$scratch/loop.ko" | grep -q 'Module signature appended'
}
is "a module linked and edited by the library is as the command has it" linked

cat >"$scratch/unexported.cc" <<'END'
#include <cstdio>
#include <ringside/ringside.hh>
// Prints what comes of linking a module, without and with functions that are not exported.
static void print(ringside::Modules& modules, const char* module) {
  auto link = modules.link(module);
  auto problem = link ? link->finish() : link.error();
  std::printf("%d %s\n", problem ? problem->status : 0, problem ? problem->message.c_str() : "");
}
int main(int, char** argv) {
  auto modules = ringside::Modules::open(argv[1], argv[2]);
  print(*modules, argv[3]);
  modules->allow_unexported();
  print(*modules, argv[3]);
  print(*modules, argv[4]);
}
END
unexported() {
  c++ -std=c++17 "$scratch/unexported.cc" $(pkg-config --cflags --libs ringside) \
    -o "$scratch/unexported" && capture "$scratch/unexported" "$image" "$modules" \
    "$built/ringside_unexported.ko" "$built/ringside_refused.ko" && ended 0 &&
    [ "$(cut -d' ' -f1 "$scratch/out" | tr '\n' ' ')" = "1 0 1 " ]
}
built=$build/modules/$release
what="functions that are not exported are bound where that is allowed and their types agree"
if [ -f "$built/ringside_unexported.ko" ]; then
  is "$what" unexported
else
  skip "$what" "no modules were built for $release"
fi
in_readme() { # the program in README.md is the one that was compiled here
  sed -n '/^```c$/,/^```$/p' "$source/README.md" | sed '1d;$d' | diff - "$source/examples/symbol.c"
}
is "README.md shows examples/symbol.c as it is" in_readme
finish
