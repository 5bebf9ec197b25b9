// BPF: a program on the kernel's tracepoint copies this session's messages to a ring that this
// process maps (libbpf). The program is a dozen instructions, made for one size of message: the
// verifier wants to know how much it reserves.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "user/channels/device.hh"

namespace ringside::channels {
namespace {

constexpr std::uint32_t kRing = 4u << 20;   // bytes; of DATA
constexpr std::uint32_t kEventRing = 4096;  // bytes
constexpr std::size_t kRecord = 8;          // bytes before each in a ring
constexpr const char* kTracepoint = "ringside_channel_message";

Failure bpf_failure(const char* what) {
  return system_failure(what, "BPF");
}

// Instructions, and where the jumps to a place yet to come are.
class Assembler {
 public:
  void put(int code, int to, int from, int offset, std::int32_t value) {
    bpf_insn made{};
    made.code = static_cast<__u8>(code);
    made.dst_reg = static_cast<__u8>(to & 0xf), made.src_reg = static_cast<__u8>(from & 0xf);
    made.off = static_cast<__s16>(offset), made.imm = value;
    code_.push_back(made);
  }
  void move(int to, int from) { put(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
  void set(int to, std::int32_t value) { put(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value); }
  void set_wide(int to, std::uint64_t value, int kind = 0) {
    put(BPF_LD | BPF_DW | BPF_IMM, to, kind, 0, static_cast<std::int32_t>(value));
    put(0, 0, 0, 0, static_cast<std::int32_t>(value >> 32));
  }
  void set_map(int to, int fd) { set_wide(to, static_cast<std::uint32_t>(fd), BPF_PSEUDO_MAP_FD); }
  void load(int to, int from, int offset) { put(BPF_LDX | BPF_MEM | BPF_DW, to, from, offset, 0); }
  void call(std::int32_t helper) { put(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
  // Jumps to a place that here() will say.
  std::size_t jump(int code, int left, int right, std::int32_t value) {
    put(BPF_JMP | code, left, right, 0, value);
    return code_.size() - 1;
  }
  void here(const std::vector<std::size_t>& jumps) {
    for (auto jump : jumps) code_[jump].off = static_cast<__s16>(code_.size() - jump - 1);
  }
  const std::vector<bpf_insn>& code() const { return code_; }

 private:
  std::vector<bpf_insn> code_;
};

// Which messages a program copies to which ring, and the count of those that found no room.
struct Copied {
  std::uint64_t session;
  Type type;
  std::int32_t bytes;
  int ring, lost;      // descriptors
  std::int32_t index;  // in `lost`
  std::int32_t flags;  // of bpf_ringbuf_submit
};

// The tracepoint's arguments are the context's words: session, type, message, bytes. Register 6 has
// the context from here on; the jumps of those that are others' or of another size.
std::vector<std::size_t> match(Assembler& a, const Copied& copied) {
  a.move(BPF_REG_6, BPF_REG_1);
  a.load(BPF_REG_2, BPF_REG_6, 0);
  a.set_wide(BPF_REG_3, copied.session);
  auto other = a.jump(BPF_JNE | BPF_X, BPF_REG_2, BPF_REG_3, 0);
  a.load(BPF_REG_2, BPF_REG_6, 8);
  auto another = a.jump(BPF_JNE | BPF_K, BPF_REG_2, 0, static_cast<std::int32_t>(copied.type));
  a.load(BPF_REG_2, BPF_REG_6, 24);
  return {other, another, a.jump(BPF_JNE | BPF_K, BPF_REG_2, 0, copied.bytes)};
}

// Leaves room in register 7; the jump where there is none.
std::size_t reserve(Assembler& a, const Copied& copied) {
  a.set_map(BPF_REG_1, copied.ring);
  a.set(BPF_REG_2, copied.bytes);
  a.set(BPF_REG_3, 0);
  a.call(BPF_FUNC_ringbuf_reserve);
  auto full = a.jump(BPF_JEQ | BPF_K, BPF_REG_0, 0, 0);
  a.move(BPF_REG_7, BPF_REG_0);
  return full;
}

void copy(Assembler& a, const Copied& copied) {
  a.move(BPF_REG_1, BPF_REG_7);
  a.set(BPF_REG_2, copied.bytes);
  a.load(BPF_REG_3, BPF_REG_6, 16);
  a.call(BPF_FUNC_probe_read_kernel);
  a.move(BPF_REG_1, BPF_REG_7);
  a.set(BPF_REG_2, copied.flags);
  a.call(BPF_FUNC_ringbuf_submit);
}

// One more was lost; the jump where the map has no such count, which the verifier wants to see.
std::size_t count(Assembler& a, const Copied& copied) {
  a.put(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, copied.index);
  a.move(BPF_REG_2, BPF_REG_10);
  a.put(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4);
  a.set_map(BPF_REG_1, copied.lost);
  a.call(BPF_FUNC_map_lookup_elem);
  auto none = a.jump(BPF_JEQ | BPF_K, BPF_REG_0, 0, 0);
  a.set(BPF_REG_1, 1);
  a.put(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_0, BPF_REG_1, 0, BPF_ADD);
  return none;
}

std::vector<bpf_insn> assemble(const Copied& copied) {
  Assembler a;
  auto ends = match(a, copied);
  auto full = reserve(a, copied);
  copy(a, copied);
  ends.push_back(a.jump(BPF_JA, 0, 0, 0));
  a.here({full});
  ends.push_back(count(a, copied));
  a.here(ends);
  a.set(BPF_REG_0, 0);
  a.put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  return a.code();
}

// Loaded and at the tracepoint, for as long as the descriptor is open.
Outcome<UniqueFd> attach(const Copied& copied) {
  auto code = assemble(copied);
  UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "ringside", "GPL", code.data(),
                                 code.size(), nullptr));
  if (!program && errno == EINVAL)
    return Failure{"this kernel takes no BPF programs on tracepoints (CONFIG_BPF_EVENTS)"};
  if (!program) return bpf_failure("load a program of");
  UniqueFd link(bpf_raw_tracepoint_open(kTracepoint, program.get()));
  if (!link) return system_failure("attach to the tracepoint", kTracepoint);
  return link;
}

Outcome<UniqueFd> make_map(bpf_map_type type, std::uint32_t key, std::uint32_t value,
                           std::uint32_t entries) {
  UniqueFd map(bpf_map_create(type, "ringside", key, value, entries, nullptr));
  if (!map) return bpf_failure("make a map of");
  return map;
}

// A ring's reader: as many records at a time as are wanted.
class Reader {
 public:
  static Outcome<std::unique_ptr<Reader>> of(std::uint32_t bytes) {
    std::unique_ptr<Reader> reader(new Reader);
    reader->map_ = TRY(make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, bytes));
    reader->ring_.reset(ring_buffer__new(reader->map_.get(), on_record, reader.get(), nullptr));
    if (!reader->ring_) return bpf_failure("map a ring of");
    return reader;
  }
  int fd() const { return map_.get(); }
  // Hands up to `most` records to `take`; how many there were.
  template <class Take>
  std::uint64_t next(std::uint64_t most, Take take) {
    if (most == 0) return 0;
    auto call = [](void* taker, Bytes record) { (*static_cast<Take*>(taker))(record); };
    call_ = call, taker_ = &take, left_ = most;
    ring_buffer__consume(ring_.get());
    return most - left_;
  }

 private:
  struct Free {
    void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
  };
  // What is less than 0 ends ring_buffer__consume() after this record.
  static int on_record(void* context, void* data, std::size_t bytes) {
    auto* self = static_cast<Reader*>(context);
    self->call_(self->taker_, {static_cast<const std::byte*>(data), bytes});
    return --self->left_ == 0 ? -1 : 0;
  }

  UniqueFd map_;
  std::unique_ptr<ring_buffer, Free> ring_;
  void (*call_)(void*, Bytes) = nullptr;
  void* taker_ = nullptr;
  std::uint64_t left_ = 0;
};

// Everything that a channel has but its DATA's program, which comes with a size.
struct Parts {
  UniqueFd device;
  std::uint64_t session;
  std::unique_ptr<Reader> data, events;
  UniqueFd lost, event_link;
};

class BpfChannel : public Channel {
 public:
  BpfChannel(const Ability& ability, Parts parts) : Channel(ability), parts_(std::move(parts)) {}

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    link_.reset();
    while (parts_.data->next(kStreamBatch, [](Bytes) {}) != 0) continue;
    std::uint32_t index = 0;
    std::uint64_t none = 0;
    if (bpf_map_update_elem(parts_.lost.get(), &index, &none, BPF_ANY) != 0)
      return bpf_failure("write to a map of");
    auto bytes = static_cast<std::int32_t>(channel::kHeader + length);
    constexpr std::int32_t kNoWakeup = BPF_RB_NO_WAKEUP;
    link_ = TRY(attach(
        {parts_.session, Type::kData, bytes, parts_.data->fd(), parts_.lost.get(), 0, kNoWakeup}));
    few_ = static_cast<unsigned>(kRing / 2 / (kRecord + 7 + channel::kHeader + length));
    return set_up(parts_.device.get(), length, checked);
  }
  void set_batch(unsigned most) override { batch_ = std::clamp(most, 1u, kStreamBatch); }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    std::uint64_t number = 0;
    TRY(receive_each(1, [&](std::uint64_t sequence, Bytes bytes) {
      number = sequence;
      payload.assign(bytes.begin(), bytes.end());
    }));
    return number;
  }
  Outcome<Nothing> receive_each(std::uint64_t count, const Take& take) override {
    count -= TRY(receive_some(count, take));
    while (count != 0) {
      TRY(produce(std::clamp(few_, 1u, batch_)));
      auto came = TRY(receive_some(count, take));
      if (came == 0) return Failure{"no data in the BPF ring"};
      count -= came;
    }
    return ok;
  }
  Outcome<Nothing> produce(std::uint32_t messages) override {
    if (!link_) TRY(setup(0, false));
    rs_channel_produce call{};
    call.way = RS_CHANNEL_WAY_TRACEPOINT, call.count = messages;
    return ask(parts_.device.get(), RS_CHANNEL_IOC_PRODUCE, call, "stream from");
  }
  Outcome<std::uint64_t> lost() override {
    std::uint32_t index = 0;
    std::uint64_t lost = 0;
    if (bpf_map_lookup_elem(parts_.lost.get(), &index, &lost) == 0) return lost;
    return bpf_failure("read a map of");
  }
  Outcome<Nothing> notify(microseconds delay) override {
    rs_channel_notify notify{};
    notify.delay = static_cast<std::uint32_t>(delay.count()), notify.eventfd = -1;
    return ask(parts_.device.get(), RS_CHANNEL_IOC_NOTIFY, notify, "ask for an event of");
  }
  Outcome<std::optional<Event>> wait(microseconds timeout) override {
    std::optional<Event> event;
    auto take = [&](Bytes record) {
      if (auto read = channel::read_message(record)) event = Event{read->header.sequence, 0};
    };
    if (parts_.events->next(1, take) != 0) return event;
    pollfd wanted{parts_.events->fd(), POLLIN, 0};
    timespec limit{timeout.count() / 1'000'000, timeout.count() % 1'000'000 * 1'000};
    if (ppoll(&wanted, 1, &limit, nullptr) < 0) return bpf_failure("poll a ring of");
    parts_.events->next(1, take);
    return event;
  }
  Outcome<rs_channel_counts> counts() override { return counts_of(parts_.device.get()); }
  int descriptor() const override { return parts_.events->fd(); }

 private:
  // Of what is there; how many.
  Outcome<std::uint64_t> receive_some(std::uint64_t most, const Take& take) {
    Outcome<Nothing> good = ok;
    auto came = parts_.data->next(most, [&](Bytes record) {
      auto message = channel::read_message(record);
      if (message)
        take(message->header.sequence, message->payload);
      else
        good = Failure{describe(message.error(), "the BPF ring")};
    });
    TRY(std::move(good));
    return came;
  }

  Parts parts_;
  UniqueFd link_;
  unsigned batch_ = kStreamBatch, few_ = 1;  // asked for; there is room for
};

}  // namespace

Opened open_bpf(const Ability& ability) {
  Parts parts;
  parts.device = TRY(open_file(RS_CHANNEL_DEVICE));
  parts.session = TRY(number_of(parts.device.get()));
  parts.data = TRY(Reader::of(kRing));
  parts.events = TRY(Reader::of(kEventRing));
  parts.lost = TRY(make_map(BPF_MAP_TYPE_ARRAY, sizeof(std::uint32_t), sizeof(std::uint64_t), 2));
  parts.event_link = TRY(attach({parts.session, Type::kEvent, channel::kHeader, parts.events->fd(),
                                 parts.lost.get(), 1, BPF_RB_FORCE_WAKEUP}));
  return make<BpfChannel>(ability, std::move(parts));
}

}  // namespace ringside::channels
