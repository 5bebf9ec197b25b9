// libringside's C++ API: what a Linux kernel image says, from the image alone, the module linker,
// and channels between a process and the kernel. A thin, header-only face (C++17) of the C API in
// ringside.h, whose conventions hold: it works with any compiler, standard library and flags,
// because only C crosses the library's boundary. Nothing throws but what std::string, std::vector
// and std::optional throw where memory ends.
//
//   auto image = ringside::Image::open("/boot/vmlinuz");
//   if (!image) return complain(image.error().message);
//   auto symbols = image->symbols();
//   auto symbol = symbols->find(0xffffffff81367170);
//
//   auto modules = ringside::Modules::open("/boot/vmlinuz", "/lib/modules/6.1.0-56-amd64");
//   auto verdict = modules->check("./driver.ko");
//   for (const auto& reason : verdict->reasons) print(reason.what);
//
//   auto channel = ringside::Channel::open("ring");
//   auto reply = channel->call("text", 4);
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ringside/ringside.h"

namespace ringside {
inline namespace v0 {

// Why there is no answer: one line for a person, and a RINGSIDE_* status.
struct Problem {
  std::string message;
  int status = RINGSIDE_UNKNOWN;
};

// A value or a Problem. Test it first: `*` and `->` of a Problem are undefined, error() of a value
// likewise.
template <class T>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : either_(std::move(value)) {}
  Expected(Problem problem) : either_(std::move(problem)) {}

  explicit operator bool() const { return either_.index() == 0; }
  T& operator*() { return *std::get_if<0>(&either_); }
  const T& operator*() const { return *std::get_if<0>(&either_); }
  T* operator->() { return std::get_if<0>(&either_); }
  const T* operator->() const { return std::get_if<0>(&either_); }
  const Problem& error() const { return *std::get_if<1>(&either_); }

 private:
  std::variant<T, Problem> either_;
};

// A symbol, as kallsyms has it.
struct Symbol {
  std::uint64_t address = 0;   // where it begins, at run time
  std::uint64_t size = 0;      // bytes to the next symbol that has another address
  std::uint64_t distance = 0;  // bytes from `address` to what was asked for
  std::uint32_t index = 0;     // in the order of addresses
  char type = 0;               // nm's letter
  std::string name;
};

struct Export {
  std::string name, name_space;      // name_space is empty where it is in none
  std::uint64_t address = 0;         // as linked
  std::optional<std::uint32_t> crc;  // none in a kernel without modversions
  bool gpl_only = false;
};

namespace detail {

struct Closer {
  void operator()(ringside_symbols* handle) const { ringside_symbols_close(handle); }
  void operator()(ringside_exports* handle) const { ringside_exports_close(handle); }
  void operator()(ringside_image* handle) const { ringside_image_close(handle); }
  void operator()(ringside_modules* handle) const { ringside_modules_close(handle); }
  void operator()(ringside_verdict* handle) const { ringside_verdict_close(handle); }
  void operator()(ringside_link* handle) const { ringside_link_close(handle); }
  void operator()(ringside_channel* handle) const { ringside_channel_close(handle); }
};
template <class Handle>
using Owned = std::unique_ptr<Handle, Closer>;

// Calls `open(&handle, &error)`, one of the C API's open functions with its input bound.
template <class T, class Handle, class Open>
Expected<T> opened(Open open) {
  Handle* handle = nullptr;
  ringside_error error = RINGSIDE_ERROR_INIT;
  int status = open(&handle, &error);
  if (status != RINGSIDE_YES) return Problem{error.message, status};
  return T(Owned<Handle>(handle));
}

}  // namespace detail

// All symbols of a kernel. `offset` is how far the kernel ran above its link address (KASLR).
class Symbols {
 public:
  explicit Symbols(detail::Owned<ringside_symbols> handle) : handle_(std::move(handle)) {}

  // Those of the kernel that runs here, without its image; root only.
  static Expected<Symbols> open_running() {
    return detail::opened<Symbols, ringside_symbols>(ringside_symbols_open_running);
  }

  std::uint32_t size() const { return ringside_symbols_count(handle_.get()); }

  // Symbol `index` in the order of addresses, or none from size() on.
  std::optional<Symbol> at(std::uint32_t index, std::uint64_t offset = 0) const {
    ringside_symbol found = RINGSIDE_SYMBOL_INIT;
    if (ringside_symbols_at(handle_.get(), index, offset, &found) != RINGSIDE_YES) return {};
    return copy(found);
  }

  // The symbol that covers `address`. Of a return address, ask for address - 1.
  std::optional<Symbol> find(std::uint64_t address, std::uint64_t offset = 0) const {
    ringside_symbol found = RINGSIDE_SYMBOL_INIT;
    if (ringside_find_address(handle_.get(), address, offset, &found) != RINGSIDE_YES) return {};
    return copy(found);
  }

  // All symbols of that name, in the order of addresses; static functions often share one.
  std::vector<Symbol> named(const std::string& name, std::uint64_t offset = 0) const {
    std::vector<Symbol> symbols;
    ringside_symbol found = RINGSIDE_SYMBOL_INIT;
    ringside_name_cursor cursor;
    ringside_find_name(handle_.get(), name.c_str(), &cursor);
    while (ringside_next_named(handle_.get(), &cursor, offset, &found) == RINGSIDE_YES)
      symbols.push_back(copy(found));
    return symbols;
  }

  // The offset at which this machine's kernel runs, which must be the one of these symbols.
  Expected<std::uint64_t> running_offset() const {
    std::uint64_t offset = 0;
    ringside_error error = RINGSIDE_ERROR_INIT;
    int status = ringside_running_offset(handle_.get(), &offset, &error);
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    return offset;
  }

 private:
  static Symbol copy(const ringside_symbol& from) {
    return {from.address, from.size, from.distance, from.index, from.type, from.name};
  }

  detail::Owned<ringside_symbols> handle_;
};

// What vmlinux exports to modules, those for everybody first, then the GPL-only ones.
class Exports {
 public:
  explicit Exports(detail::Owned<ringside_exports> handle) : handle_(std::move(handle)) {}

  std::uint32_t size() const { return ringside_exports_count(handle_.get()); }

  // Export `index`; a Problem from size() on, and where its entry is damaged.
  Expected<Export> at(std::uint32_t index) const {
    ringside_export found = RINGSIDE_EXPORT_INIT;
    ringside_error error = RINGSIDE_ERROR_INIT;
    int status = ringside_exports_at(handle_.get(), index, &found, &error);
    if (status == RINGSIDE_NO) return Problem{"no such export", status};
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    Export result{found.name, found.name_space, found.address, {}, found.gpl_only != 0};
    if (found.has_crc) result.crc = found.crc;
    return result;
  }

 private:
  detail::Owned<ringside_exports> handle_;
};

// One kernel image. What it gives out does not depend on it afterwards.
class Image {
 public:
  explicit Image(detail::Owned<ringside_image> handle) : handle_(std::move(handle)) {}

  // Opens a bzImage or a vmlinux.
  static Expected<Image> open(const std::string& file) {
    return detail::opened<Image, ringside_image>(
        [&](ringside_image** image, ringside_error* error) {
          return ringside_image_open(file.c_str(), image, error);
        });
  }

  std::string release() const { return ringside_image_release(handle_.get()); }    // uname -r
  std::string build_id() const { return ringside_image_build_id(handle_.get()); }  // hex

  Expected<Symbols> symbols() const {
    return detail::opened<Symbols, ringside_symbols>(
        [&](ringside_symbols** symbols, ringside_error* error) {
          return ringside_symbols_open(handle_.get(), symbols, error);
        });
  }
  Expected<Exports> exports() const {
    return detail::opened<Exports, ringside_exports>(
        [&](ringside_exports** exports, ringside_error* error) {
          return ringside_exports_open(handle_.get(), exports, error);
        });
  }

 private:
  detail::Owned<ringside_image> handle_;
};

// One thing to know about a module. `fault` never changes ("crc-mismatch"); the rest are words.
struct Reason {
  ringside_severity severity = RINGSIDE_NOTE;
  std::string fault, what, where, expected, found, advice;
};

// What a kernel says of a module; sizes in bytes.
struct Verdict {
  int answer = RINGSIDE_UNKNOWN;  // RINGSIDE_YES: it loads, RINGSIDE_NO, RINGSIDE_UNKNOWN
  std::string name;               // what the kernel calls it
  std::uint32_t taints = 0;       // bits of the kernel's taint mask
  std::uint64_t core_bytes = 0, init_bytes = 0, percpu_bytes = 0;
  bool is_signed = false;
  std::vector<Reason> reasons;
  std::vector<std::string> needs;  // modules that go before it, in an order that loads
};

// One piece of memory of a linked module. `bytes`, none before finish(), belongs to the Link.
struct Region {
  std::string name;
  std::uint64_t address = 0, size = 0;
  bool is_init = false;
  const void* bytes = nullptr;
};

// A section or a symbol, and where it is.
struct Place {
  std::string name;
  std::uint64_t address = 0, size = 0;
  std::uint32_t relocations = 0;  // of a section
};

// A symbol that a module takes from elsewhere.
struct Need {
  std::string name, provider;            // provider is empty where nobody has it
  std::optional<std::uint64_t> address;  // where it is, as far as that is known
  bool is_weak = false, is_gpl_only = false;
};

// A module on its way: laid out when it is made, linked after finish().
class Link {
 public:
  explicit Link(detail::Owned<ringside_link> handle) : handle_(std::move(handle)) {}

  std::vector<Region> regions() const {
    std::vector<Region> all;
    ringside_region each = RINGSIDE_REGION_INIT;
    for (std::uint32_t at = 0; ringside_link_region(handle_.get(), at, &each) == RINGSIDE_YES; ++at)
      all.push_back({each.name, each.address, each.size, each.is_init != 0, each.bytes});
    return all;
  }

  // Moves region `index` of regions() to an address and, unless null, into the caller's memory of
  // `size` bytes. False where that is too small, and after finish().
  bool place(std::uint32_t index, std::uint64_t address, void* memory = nullptr,
             std::uint64_t size = 0) {
    return ringside_link_place(handle_.get(), index, address, memory, size) == RINGSIDE_YES;
  }

  // Binds and relocates. What it needs from other modules must have been linked before.
  std::optional<Problem> finish() {
    ringside_error error = RINGSIDE_ERROR_INIT;
    int status = ringside_link_finish(handle_.get(), &error);
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    return {};
  }

  // The map of a finished link.
  std::vector<Place> sections() const { return places(ringside_link_section); }
  std::vector<Place> symbols() const { return places(ringside_link_symbol); }

  std::vector<Need> needs() const {
    std::vector<Need> all;
    ringside_need each = RINGSIDE_NEED_INIT;
    for (std::uint32_t at = 0; ringside_link_need(handle_.get(), at, &each) == RINGSIDE_YES; ++at) {
      all.push_back({each.name, each.provider, {}, each.is_weak != 0, each.is_gpl_only != 0});
      if (each.has_address) all.back().address = each.address;
    }
    return all;
  }

  // Says where need `index` of needs() is in a kernel that runs; false where nobody has it.
  bool bind(std::uint32_t index, std::uint64_t address) {
    return ringside_link_bind(handle_.get(), index, address) == RINGSIDE_YES;
  }

  // The file with all known needs as absolute symbols and without signature: the kernel's own
  // loader takes it and looks for none of them.
  Expected<std::vector<unsigned char>> edit() {
    ringside_error error = RINGSIDE_ERROR_INIT;
    std::uint64_t size = 0;
    int status = ringside_link_edit(handle_.get(), nullptr, &size, &error);
    std::vector<unsigned char> file(size);
    if (status == RINGSIDE_YES)
      status = ringside_link_edit(handle_.get(), file.data(), &size, &error);
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    file.resize(size);
    return file;
  }

 private:
  template <class Get>
  std::vector<Place> places(Get get) const {
    std::vector<Place> all;
    ringside_place each = RINGSIDE_PLACE_INIT;
    for (std::uint32_t at = 0; get(handle_.get(), at, &each) == RINGSIDE_YES; ++at)
      all.push_back({each.name, each.address, each.size, each.relocations});
    return all;
  }

  detail::Owned<ringside_link> handle_;
};

// What modules are checked and linked against. One thread at a time, its Links included.
class Modules {
 public:
  explicit Modules(detail::Owned<ringside_modules> handle) : handle_(std::move(handle)) {}

  // A kernel's image and, where it has one, its tree (/lib/modules/RELEASE).
  static Expected<Modules> open(const std::string& image, const std::string& tree = {}) {
    return detail::opened<Modules, ringside_modules>(
        [&](ringside_modules** modules, ringside_error* error) {
          return ringside_modules_open(image.c_str(), tree.empty() ? nullptr : tree.c_str(),
                                       modules, error);
        });
  }

  // Lets what is checked from now on take symbols from the module in `file`.
  std::optional<Problem> provide(const std::string& file) {
    ringside_error error = RINGSIDE_ERROR_INIT;
    int status = ringside_modules_provide(handle_.get(), file.c_str(), &error);
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    return {};
  }

  // Lets modules have functions that are not exported, where the types are the kernel's.
  void allow_unexported() { ringside_modules_allow_unexported(handle_.get()); }

  // Judges `module`, a path with a '/' or a name in the tree, and all that it needs.
  Expected<Verdict> check(const std::string& module) {
    ringside_error error = RINGSIDE_ERROR_INIT;
    ringside_verdict* handle = nullptr;
    int status = ringside_modules_check(handle_.get(), module.c_str(), &handle, &error);
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    return copy(detail::Owned<ringside_verdict>(handle).get());
  }

  // Lays a module out for a kernel that runs `offset` above its link address.
  Expected<Link> link(const std::string& module, std::uint64_t offset = 0) {
    return detail::opened<Link, ringside_link>([&](ringside_link** link, ringside_error* error) {
      return ringside_link_open(handle_.get(), module.c_str(), offset, link, error);
    });
  }

 private:
  static Verdict copy(const ringside_verdict* from) {
    ringside_module module = RINGSIDE_MODULE_INIT;
    ringside_verdict_module(from, &module);
    Verdict verdict{ringside_verdict_answer(from),
                    module.name,
                    module.taints,
                    module.core_bytes,
                    module.init_bytes,
                    module.percpu_bytes,
                    module.is_signed != 0,
                    {},
                    {}};
    ringside_reason each = RINGSIDE_REASON_INIT;
    for (std::uint32_t at = 0; ringside_verdict_reason(from, at, &each) == RINGSIDE_YES; ++at)
      verdict.reasons.push_back({static_cast<ringside_severity>(each.severity), each.fault,
                                 each.what, each.where, each.expected, each.found, each.advice});
    for (std::uint32_t at = 0; at < ringside_verdict_needs(from); ++at)
      verdict.needs.push_back(ringside_verdict_need(from, at));
    return verdict;
  }

  detail::Owned<ringside_modules> handle_;
};

// What a channel can do, as docs/channels.md says it.
struct Ability {
  bool echo = false, stream = false, sink = false, notify = false;
  std::uint64_t most = 0;   // bytes of the largest payload
  std::uint32_t batch = 1;  // messages that one system call moves at most, either way
  ringside_loss loss = RINGSIDE_LOSS_NONE;
};

// A message of a channel's stream.
struct Message {
  std::uint64_t sequence = 0;
  std::vector<unsigned char> payload;
};

struct Event {
  std::uint64_t sequence = 0;
  std::uint64_t signal_ns = 0;  // by the monotonic clock; 0 where it is not told
};

// A way between this process and ringside_channels.ko. What it cannot do is a Problem of status
// RINGSIDE_USAGE. One thread at a time.
class Channel {
 public:
  using microseconds = std::chrono::microseconds;  // up to an hour

  explicit Channel(detail::Owned<ringside_channel> handle) : handle_(std::move(handle)) {}

  // The channel of that name, "ioctl" or another: a client of its own.
  static Expected<Channel> open(const std::string& name) {
    return detail::opened<Channel, ringside_channel>(
        [&](ringside_channel** channel, ringside_error* error) {
          return ringside_channel_open(name.c_str(), channel, error);
        });
  }

  Ability ability() const {
    ringside_ability found = RINGSIDE_ABILITY_INIT;
    ringside_channel_ability(handle_.get(), &found);
    return {found.echo != 0,
            found.stream != 0,
            found.sink != 0,
            found.notify != 0,
            found.most,
            found.batch,
            static_cast<ringside_loss>(found.loss)};
  }

  // Sends a request and waits for its reply.
  Expected<std::vector<unsigned char>> call(const void* request, std::uint64_t size) {
    std::vector<unsigned char> reply(size);
    ringside_error error = RINGSIDE_ERROR_INIT;
    int status = ringside_channel_call(handle_.get(), request, size, reply.data(), &size, &error);
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    reply.resize(size);
    return reply;
  }

  // Sends a message. All have arrived once flush() is back.
  std::optional<Problem> send(const void* payload, std::uint64_t size) {
    return done([&](ringside_error* error) {
      return ringside_channel_send(handle_.get(), payload, size, error);
    });
  }
  std::optional<Problem> flush() {
    return done(
        [&](ringside_error* error) { return ringside_channel_flush(handle_.get(), error); });
  }

  // Has the kernel stream payloads of `size` bytes; both sides number from 0 anew.
  std::optional<Problem> setup(std::uint32_t size) {
    return done([&](ringside_error* error) {
      size_ = size;
      return ringside_channel_setup(handle_.get(), size, error);
    });
  }
  // The next message of the stream.
  Expected<Message> receive() {
    Message message{0, std::vector<unsigned char>(size_)};
    std::uint64_t size = size_;
    ringside_error error = RINGSIDE_ERROR_INIT;
    int status = ringside_channel_receive(handle_.get(), message.payload.data(), &size,
                                          &message.sequence, &error);
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    message.payload.resize(size);
    return message;
  }

  // Has the kernel send an event, ten seconds from now at most.
  std::optional<Problem> notify(microseconds delay) {
    return done([&](ringside_error* error) {
      return ringside_channel_notify(handle_.get(), static_cast<std::uint32_t>(delay.count()),
                                     error);
    });
  }
  // Sleeps until an event is there; none: not within `timeout`.
  Expected<std::optional<Event>> wait(microseconds timeout) {
    ringside_event event = RINGSIDE_EVENT_INIT;
    ringside_error error = RINGSIDE_ERROR_INIT;
    int status = ringside_channel_wait(handle_.get(), static_cast<std::uint32_t>(timeout.count()),
                                       &event, &error);
    if (status == RINGSIDE_NO) return std::optional<Event>();
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    return std::optional<Event>({event.sequence, event.signal_ns});
  }

  // What poll(2) watches for events, and what for; -1 where there is none.
  int descriptor() const { return ringside_channel_descriptor(handle_.get(), nullptr); }
  std::int16_t poll_events() const {
    std::int16_t events = 0;
    ringside_channel_descriptor(handle_.get(), &events);
    return events;
  }

 private:
  template <class Call>
  static std::optional<Problem> done(Call call) {
    ringside_error error = RINGSIDE_ERROR_INIT;
    int status = call(&error);
    if (status != RINGSIDE_YES) return Problem{error.message, status};
    return {};
  }

  detail::Owned<ringside_channel> handle_;
  std::uint32_t size_ = 0;  // of the stream's payloads
};

}  // namespace v0
}  // namespace ringside
