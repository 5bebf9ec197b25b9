// open: map the file; where it is a bzImage, look up in the cache which kernel it is: by the file's
// identity, or else by its payload's fingerprint (index/file-IDENTITY/build-id.v1 or
// index/payload-FINGERPRINT/build-id.v1 -> index/BUILD-ID/vmlinux.v1), or unpack it and put all
// there. A cache that cannot be written costs time, not the answer: it is said by the second run
// being slow, and by `ringside doctor`.
#include "user/kimage/image.hh"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <fstream>

#include "core/kimage/bzimage.hh"
#include "user/base/fingerprint.hh"
#include "user/base/memory_file.hh"
#include "user/cache/cache.hh"
#include "user/compress/unpack.hh"

namespace ringside::kimage {
namespace {

constexpr int kBuildIdVersion = 1, kVmlinuxVersion = 1;

// What a core did not understand in the image `source`, and what to do about it.
Failure unreadable(const Error& error, const std::string& source) {
  return {describe(error, source) + ": fetch or copy the image again; if it boots, report it"};
}

// Names a payload in the cache, which is its owner's own.
std::string payload_name(Bytes payload) {
  return fmt::format("payload-{:016x}", fingerprint(payload));
}

Outcome<std::string> build_id_of(Bytes vmlinux, const std::string& source) {
  auto file = elf::File::open(vmlinux);
  if (!file) return unreadable(file.error(), source);
  auto notes = file->find(".notes");
  if (!notes) return unreadable(notes.error(), source);
  if (!*notes)
    return Failure{source +
                   ": no .notes section: not a kernel, or one without build-id (a "
                   "bzImage or vmlinux is needed)"};
  auto id = elf::build_id_note((*notes)->data);
  if (!id) return unreadable(id.error(), source);
  if (!*id) return Failure{source + ": no build-id in .notes: link the kernel with --build-id"};
  return to_hex(**id);
}

Outcome<std::shared_ptr<MappedFile>> map(const std::filesystem::path& path) {
  return std::make_shared<MappedFile>(TRY(MappedFile::open(path)));
}

// The unpacked kernel in the cache, if a run before this one has put it there.
Outcome<std::filesystem::path> cached_vmlinux(const std::filesystem::path& alias) {
  auto id = TRY(MappedFile::open(alias));
  std::string text(reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size());
  return TRY(cache::index_path(text, "vmlinux", kVmlinuxVersion));
}

// Puts an unpacked kernel where the next run finds it; gives its path.
Outcome<std::filesystem::path> publish(Bytes vmlinux, const std::string& id,
                                       const std::filesystem::path& alias) {
  auto target = TRY(cache::index_path(id, "vmlinux", kVmlinuxVersion));
  TRY(cache::publish_file(target, vmlinux));
  TRY(cache::publish_file(alias, as_bytes(id)));
  return target;
}

// The same bytes mapped from memory, for this run alone: where the cache cannot be written.
Outcome<std::shared_ptr<MappedFile>> map_in_memory(Bytes vmlinux) {
  auto memory = TRY(MemoryFile::create());
  std::ofstream file(memory.path(), std::ios::binary);
  file.write(reinterpret_cast<const char*>(vmlinux.data()),
             static_cast<std::streamsize>(vmlinux.size()));
  file.close();
  if (!file) return system_failure("write", "a file in memory");
  return map(memory.path());
}

Outcome<std::shared_ptr<MappedFile>> unpack_into_cache(const BzImage& image,
                                                       const std::string& source,
                                                       const std::filesystem::path& alias) {
  auto unpacked = TRY(compress::unpack(image.payload, image.packing, source));
  Bytes vmlinux = std::as_const(unpacked).bytes();
  if (vmlinux.size() != image.unpacked_size)
    return Failure{fmt::format(
        "{}: damaged: the payload unpacks to {} bytes where the image says {}: fetch or "
        "copy it again",
        source, vmlinux.size(), image.unpacked_size)};
  auto id = TRY(build_id_of(vmlinux, source));
  auto target = publish(vmlinux, id, alias);
  return target ? map(*target) : map_in_memory(vmlinux);
}

// The cached unpacked kernel, if it is whole: of the size that the image says, and with the
// build-id that it stands under. A damaged one counts as none, and is replaced.
Outcome<std::shared_ptr<MappedFile>> map_cached(const BzImage& image,
                                                const std::filesystem::path& alias) {
  auto path = TRY(cached_vmlinux(alias));
  auto file = TRY(map(path));
  auto id = TRY(build_id_of(file->bytes(), path.string()));
  if (file->bytes().size() != image.unpacked_size || path.parent_path().filename() != id)
    return Failure{path.string() + ": damaged"};
  return file;
}

Outcome<std::shared_ptr<MappedFile>> map_payload(const BzImage& image, const std::string& source) {
  auto alias = TRY(cache::index_path(payload_name(image.payload), "build-id", kBuildIdVersion));
  if (auto mapped = map_cached(image, alias)) return mapped;
  auto right = cache::wait_for(alias);  // where the cache cannot be written there is none
  if (auto mapped = map_cached(image, alias)) return mapped;
  return unpack_into_cache(image, source, alias);
}

Outcome<std::filesystem::path> identity_alias(const MappedFile& file) {
  if (file.identity() == 0) return Failure{"changed just now"};
  return cache::index_path(fmt::format("file-{:016x}", file.identity()), "build-id",
                           kBuildIdVersion);
}

// To read all of the payload for its fingerprint takes longer than most of what is asked then.
Outcome<std::shared_ptr<MappedFile>> map_unpacked(const BzImage& image, const MappedFile& file,
                                                  const std::string& source) {
  auto alias = identity_alias(file);
  if (!alias) return map_payload(image, source);
  if (auto mapped = map_cached(image, *alias)) return mapped;
  auto mapped = TRY(map_payload(image, source));
  (void)cache::publish_file(*alias, as_bytes(TRY(build_id_of(mapped->bytes(), source))));
  return mapped;
}

// The release in "Linux version RELEASE (...", which every vmlinux holds in .rodata.
std::string release_in(Bytes rodata) {
  constexpr std::string_view kBanner = "Linux version ";
  std::string_view text(reinterpret_cast<const char*>(rodata.data()), rodata.size());
  for (auto at = text.find(kBanner); at != text.npos; at = text.find(kBanner, at + 1)) {
    auto release = release_of(text.substr(at + kBanner.size(), 128));
    if (!release.empty() && release[0] >= '0' && release[0] <= '9') return std::string(release);
  }
  return {};
}

// `result` of a core, or its error as a Failure that names the image and says what to do.
template <class T>
Outcome<T> named(Result<T> result, const std::string& source) {
  if (!result) return unreadable(result.error(), source);
  return *std::move(result);
}

}  // namespace

Outcome<Image> Image::open(const std::filesystem::path& file) {
  Image image;
  image.source_ = file.string();
  image.file_ = TRY(map(file));
  if (is_bzimage(image.file_->bytes())) {
    auto packed = TRY(named(open_bzimage(image.file_->bytes()), image.source_));
    image.packed_ = true;
    image.release_ = release_of(packed.version);
    image.file_ = TRY(map_unpacked(packed, *image.file_, image.source_));
  }
  auto vmlinux = elf::File::open(image.file_->bytes());
  if (!vmlinux)
    return Failure{fmt::format("{} (a bzImage or vmlinux is needed)",
                               describe(vmlinux.error(), image.source_))};
  image.vmlinux_ = std::make_shared<const elf::File>(*vmlinux);
  TRY(image.identify());
  return image;
}

bool Image::is_at_hand(const std::filesystem::path& file) {
  auto mapped = map(file);
  if (!mapped || !is_bzimage((*mapped)->bytes())) return bool(mapped);
  auto image = open_bzimage((*mapped)->bytes());
  auto alias = identity_alias(**mapped);
  return image && alias && map_cached(*image, *alias);
}

Outcome<Image> Image::open_running() {
  auto id = TRY(running_build_id());
  utsname name;
  if (uname(&name) != 0) return system_failure("ask for", "the kernel's release");
  auto path = TRY(cache::index_path(id, "vmlinux", kVmlinuxVersion));
  Image image;
  image.source_ = path.string(), image.release_ = name.release;
  image.file_ = TRY(map(path));
  image.vmlinux_ =
      std::make_shared<const elf::File>(TRY(named(elf::File::open(image.file_->bytes()), path)));
  TRY(image.identify());
  if (image.build_id_ != id) return Failure{image.source_ + ": damaged"};
  return image;
}

Outcome<Nothing> Image::identify() {
  build_id_ = TRY(build_id_of(file_->bytes(), source_));
  if (!release_.empty()) return ok;
  auto rodata = TRY(named(vmlinux_->find(".rodata"), source_));
  if (!rodata) return Failure{source_ + ": no .rodata section: not a kernel"};
  release_ = release_in(rodata->data);
  return ok;
}

Outcome<Kallsyms> Image::kallsyms() const {
  auto rodata = TRY(named(vmlinux_->find(".rodata"), source_));
  return named(Kallsyms::locate(rodata->data), source_);
}

Outcome<Exports> Image::exports() const {
  return named(Exports::open(*vmlinux_), source_);
}

Outcome<Orc> Image::orc() const {
  return named(Orc::open(*vmlinux_), source_);
}

Outcome<Btf> Image::btf() {
  auto section = TRY(named(vmlinux_->find(".BTF"), source_));
  if (!section) return Failure{source_ + ": no .BTF section (built without CONFIG_DEBUG_INFO_BTF)"};
  btf_memory_.resize(btf_memory(section->data));
  Arena arena(btf_memory_);
  return named(Btf::open(section->data, arena), source_);
}

Outcome<std::string> running_build_id() {
  // sysfs files have no size to map by.
  std::FILE* file = std::fopen("/sys/kernel/notes", "re");
  if (!file) return system_failure("open", "/sys/kernel/notes");
  std::byte notes[4096];
  std::size_t size = std::fread(notes, 1, sizeof(notes), file);
  std::fclose(file);
  auto id = elf::build_id_note(Bytes(notes, size));
  if (!id) return Failure{describe(id.error(), "/sys/kernel/notes")};
  if (!*id) return Failure{"/sys/kernel/notes: no build-id"};
  return to_hex(**id);
}

std::string to_hex(Bytes bytes) {
  std::string text;
  for (auto byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

std::optional<std::vector<std::byte>> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  if (text.size() % 2) return std::nullopt;
  for (std::size_t at = 0; at < text.size(); at += 2) {
    unsigned value = 0;
    for (char digit : text.substr(at, 2)) {
      auto place = std::string_view("0123456789abcdef").find(digit);
      if (place == std::string_view::npos) return std::nullopt;
      value = value * 16 + static_cast<unsigned>(place);
    }
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

}  // namespace ringside::kimage
