// io_uring: the ioctl channel's calls as commands, up to kUringBatch of them with one system call.
// Each has a message of its own that stays until the kernel is done with it.
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

class Queue {
 public:
  static Outcome<std::unique_ptr<Queue>> create() {
    std::unique_ptr<Queue> queue(new Queue);
    if (int error = io_uring_queue_init(kUringBatch, &queue->ring_, 0); error < 0)
      return uring_failure("set up", error);
    queue->open_ = true;
    return queue;
  }
  ~Queue() {
    if (open_) io_uring_queue_exit(&ring_);
  }
  // One command of `fd`; there is room for kUringBatch before run().
  void add(int fd, unsigned command, const void* call) {
    auto* entry = io_uring_get_sqe(&ring_);
    io_uring_prep_rw(IORING_OP_URING_CMD, entry, fd, nullptr, 0, 0);
    entry->cmd_op = command;
    auto word = reinterpret_cast<std::uintptr_t>(call);
    std::memcpy(entry->cmd, &word, sizeof word);
    ++added_;
  }
  // Submits what was added and waits for all of it; the first error of any.
  Outcome<Nothing> run(const char* what) {
    int first = 0;
    auto wanted = std::exchange(added_, 0);
    int submitted = io_uring_submit_and_wait(&ring_, wanted);
    if (submitted < 0) return uring_failure(what, submitted);
    for (unsigned each = 0; each < wanted; ++each) {
      io_uring_cqe* done = nullptr;
      if (int error = io_uring_wait_cqe(&ring_, &done); error < 0)
        return uring_failure(what, error);
      if (done->res < 0 && first == 0) first = done->res;
      io_uring_cqe_seen(&ring_, done);
    }
    if (first != 0) return uring_failure(what, first);
    return ok;
  }
  unsigned added() const { return added_; }

 private:
  Queue() = default;
  io_uring ring_{};
  bool open_ = false;
  unsigned added_ = 0;
};

class UringChannel : public IoctlChannel {
 public:
  UringChannel(const Ability& ability, UniqueFd fd, std::unique_ptr<Queue> queue)
      : IoctlChannel(ability, std::move(fd)), queue_(std::move(queue)) {}

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    TRY(flush());
    length_ = length, next_ = 0, got_ = taken_ = 0;
    return IoctlChannel::setup(length, checked);
  }
  Outcome<Nothing> call(Bytes payload, std::vector<std::byte>& reply) override {
    TRY(flush());
    auto message = out_[0].seal(Type::kEcho, calls_++, payload);
    auto send = send_of(message, in_.room(payload.size()));
    queue_->add(fd(), RS_CHANNEL_IOC_SEND, &send);
    TRY(queue_->run("send by"));
    auto answer = TRY(in_.open(message.size(), Type::kReply));
    reply.assign(answer.payload.begin(), answer.payload.end());
    return ok;
  }
  Outcome<Nothing> send(Bytes payload) override {
    auto at = queue_->added();
    sends_[at] = send_of(out_[at].seal(Type::kData, next_++, payload), {});
    queue_->add(fd(), RS_CHANNEL_IOC_SEND, &sends_[at]);
    return at + 1 < batch_ ? Outcome<Nothing>(ok) : flush();
  }
  void set_batch(unsigned most) override { batch_ = most; }
  Outcome<Nothing> flush() override {
    return queue_->added() ? queue_->run("send by") : Outcome<Nothing>(ok);
  }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    if (taken_ == got_) TRY(fetch());
    auto& envelope = out_[taken_];
    auto message = TRY(envelope.open(receives_[taken_++].bytes, Type::kData));
    payload.assign(message.payload.begin(), message.payload.end());
    return message.header.sequence;
  }

 private:
  // As many messages as a batch has, but no more than a few MiB of them.
  Outcome<Nothing> fetch() {
    TRY(flush());
    auto few = static_cast<unsigned>((4u << 20) / (channel::kHeader + length_));
    got_ = std::clamp(few, 1u, batch_), taken_ = 0;
    for (unsigned each = 0; each < got_; ++each) {
      auto room = out_[each].room(length_);
      receives_[each] = {};
      receives_[each].size = sizeof receives_[each];
      receives_[each].version = RS_CHANNEL_VERSION;
      receives_[each].message = reinterpret_cast<std::uintptr_t>(room.data());
      receives_[each].room = static_cast<std::uint32_t>(room.size());
      queue_->add(fd(), RS_CHANNEL_IOC_RECEIVE, &receives_[each]);
    }
    auto done = queue_->run("receive by");
    if (!done) got_ = 0;
    return done;
  }

  std::unique_ptr<Queue> queue_;
  std::array<Envelope, kUringBatch> out_;
  std::array<rs_channel_send, kUringBatch> sends_{};
  std::array<rs_channel_receive, kUringBatch> receives_{};
  Envelope in_;
  unsigned got_ = 0, taken_ = 0, batch_ = kUringBatch;
  std::uint32_t length_ = 0;
  std::uint64_t next_ = 0, calls_ = 0;
};

}  // namespace

Opened open_uring(const Ability& ability) {
  auto fd = TRY(open_file(RS_CHANNEL_DEVICE));
  return make<UringChannel>(ability, std::move(fd), TRY(Queue::create()));
}

}  // namespace ringside::channels
