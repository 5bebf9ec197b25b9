// io_uring: the ioctl channel's calls as commands, up to kUringBatch of them with one system call.
// A small message lies in its command, others have memory that stays until the kernel is done.
#include <liburing.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "user/channels/device.hh"

namespace ringside::channels {
namespace {

Failure uring_failure(const char* what, int error) {
  errno = -error;
  return system_failure(what, "io_uring");
}

// A queue of commands of one file, which the kernel does in their order.
class Queue {
 public:
  static Outcome<std::unique_ptr<Queue>> create(int fd) {
    std::unique_ptr<Queue> queue(new Queue);
    int error = io_uring_queue_init(kUringBatch, &queue->ring_, IORING_SETUP_SQE128);
    if (error < 0) return uring_failure("set up", error);
    queue->open_ = true;
    error = io_uring_register_files(&queue->ring_, &fd, 1);
    if (error < 0) return uring_failure("register the device with", error);
    return queue;
  }
  ~Queue() {
    if (open_) io_uring_queue_exit(&ring_);
  }
  // One command; where its parameters go, 80 bytes. There is room for kUringBatch before run().
  // Nothing is told of those before the last but an error, which is cheaper.
  std::byte* add(unsigned command) {
    auto* entry = last_ = io_uring_get_sqe(&ring_);
    io_uring_prep_rw(IORING_OP_URING_CMD, entry, 0, nullptr, 0, 0);
    entry->flags = IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
    entry->user_data = added_++;
    entry->cmd_op = command;
    return reinterpret_cast<std::byte*>(entry->cmd);
  }
  template <class Parameters>
  void add(unsigned command, const Parameters& parameters) {
    std::memcpy(add(command), &parameters, sizeof parameters);
  }
  // Submits what was added and waits for the last of it; the first error that came.
  Outcome<Nothing> run(const char* what) {
    last_->flags &= static_cast<std::uint8_t>(~IOSQE_CQE_SKIP_SUCCESS);
    auto wanted = std::exchange(added_, 0);
    int first = 0;
    if (int error = io_uring_submit_and_wait(&ring_, 1); error < 0)
      return uring_failure(what, error);
    for (bool ended = false; !ended;) {
      io_uring_cqe* entry = nullptr;
      if (int error = io_uring_wait_cqe(&ring_, &entry); error < 0)
        return uring_failure(what, error);
      ended = reap(wanted - 1, first);
    }
    if (first != 0) return uring_failure(what, first);
    return ok;
  }
  unsigned added() const { return added_; }

 private:
  Queue() = default;
  // Whether command `last` is among what is done.
  bool reap(unsigned last, int& first) {
    unsigned head = 0, count = 0;
    bool ended = false;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring_, head, entry) {
      if (entry->res < 0 && first == 0) first = entry->res;
      ended = ended || entry->user_data == last;
      ++count;
    }
    io_uring_cq_advance(&ring_, count);
    return ended;
  }

  io_uring ring_{};
  bool open_ = false;
  io_uring_sqe* last_ = nullptr;
  unsigned added_ = 0;
};

rs_channel_at place_of(Bytes message) {
  return {reinterpret_cast<std::uintptr_t>(message.data()),
          static_cast<std::uint32_t>(message.size()), 0};
}

class UringChannel : public IoctlChannel {
 public:
  UringChannel(const Ability& ability, UniqueFd fd, std::unique_ptr<Queue> queue)
      : IoctlChannel(ability, std::move(fd)), queue_(std::move(queue)) {}

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    TRY(flush());
    length_ = length, next_ = 0, got_ = taken_ = 0;
    return IoctlChannel::setup(length, checked);
  }
  void set_batch(unsigned most) override { batch_ = std::clamp(most, 1u, kUringBatch); }
  Outcome<Nothing> call(Bytes payload, std::vector<std::byte>& reply) override {
    TRY(flush());
    auto message = held_[0].seal(Type::kEcho, calls_++, payload);
    auto send = send_of(message, in_.room(payload.size()));
    queue_->add(RS_CHANNEL_IOC_SEND, &send);
    TRY(queue_->run("send by"));
    auto answer = TRY(in_.open(message.size(), Type::kReply));
    reply.assign(answer.payload.begin(), answer.payload.end());
    return ok;
  }
  Outcome<Nothing> send(Bytes payload) override { return send_all({&payload, 1}); }
  Outcome<Nothing> send_all(std::span<const Bytes> payloads) override {
    for (auto payload : payloads) {
      add_data(payload);
      if (queue_->added() >= batch_) TRY(flush());
    }
    return ok;
  }
  Outcome<Nothing> flush() override {
    return queue_->added() ? queue_->run("send by") : Outcome<Nothing>(ok);
  }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    auto message = TRY(next());
    payload.assign(message.payload.begin(), message.payload.end());
    return message.header.sequence;
  }
  Outcome<Nothing> receive_each(std::uint64_t count, const Take& take) override {
    for (std::uint64_t each = 0; each < count; ++each) {
      auto message = TRY(next());
      take(message.header.sequence, message.payload);
    }
    return ok;
  }

 private:
  void add_data(Bytes payload) {
    if (payload.size() > RS_CHANNEL_URING_SMALL) {
      auto message = held_[queue_->added()].seal(Type::kData, next_++, payload);
      return queue_->add(RS_CHANNEL_URING_SEND_AT, place_of(message));
    }
    auto* place = queue_->add(RS_CHANNEL_URING_SEND);
    auto length = static_cast<std::uint32_t>(payload.size());
    channel::store_header(place, {length, Type::kData, 0, next_++});
    channel::copy(place + channel::kHeader, payload.data(), payload.size());
  }
  // Its header says how long a message is; open() has more to say of one that is not as usual.
  Outcome<channel::Message> next() {
    if (taken_ == got_) TRY(fetch());
    auto& held = held_[taken_++];
    auto whole = held.room(length_);
    auto header = channel::load_header(whole);
    if (header.type == Type::kData && header.reserved == 0 && header.length == length_)
      return channel::Message{header, whole.subspan(channel::kHeader)};
    return held.open(whole.size(), Type::kData);
  }
  // As many messages as a batch has, but no more than a few MiB of them.
  Outcome<Nothing> fetch() {
    TRY(flush());
    auto few = static_cast<unsigned>((4u << 20) / (channel::kHeader + length_));
    got_ = std::clamp(few, 1u, batch_), taken_ = 0;
    for (unsigned each = 0; each < got_; ++each)
      queue_->add(RS_CHANNEL_URING_RECEIVE_AT, place_of(held_[each].room(length_)));
    auto done = queue_->run("receive by");
    if (!done) got_ = 0;
    return done;
  }

  std::unique_ptr<Queue> queue_;
  std::array<Envelope, kUringBatch> held_;  // messages that the kernel works on
  Envelope in_;
  unsigned got_ = 0, taken_ = 0, batch_ = kUringBatch;
  std::uint32_t length_ = 0;
  std::uint64_t next_ = 0, calls_ = 0;
};

}  // namespace

Opened open_uring(const Ability& ability) {
  auto fd = TRY(open_file(RS_CHANNEL_DEVICE));
  auto queue = TRY(Queue::create(fd.get()));
  return make<UringChannel>(ability, std::move(fd), std::move(queue));
}

}  // namespace ringside::channels
