// Generic netlink, by libmnl: a message is a request, its answer or an acknowledgement comes back;
// a stream is a dump; events come to the members of a group, by a socket of their own.
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "user/channels/device.hh"

namespace ringside::channels {
namespace {

constexpr std::size_t kBuffer = 1u << 17;  // a dump's largest, and more

struct CloseSocket {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};

class Socket {
 public:
  static Outcome<Socket> open() {
    Socket socket;
    socket.handle_.reset(mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC));
    if (!socket.handle_ || mnl_socket_bind(socket.handle_.get(), 0, MNL_SOCKET_AUTOPID) < 0)
      return system_failure("open", "a generic netlink socket");
    return socket;
  }
  // A request in the buffer, to be completed with attributes.
  nlmsghdr* request(std::uint16_t family, std::uint8_t command, std::uint16_t flags) {
    auto* head = mnl_nlmsg_put_header(buffer_.data());
    head->nlmsg_type = family;
    head->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    head->nlmsg_seq = ++sequence_;
    auto* generic = static_cast<genlmsghdr*>(mnl_nlmsg_put_extra_header(head, sizeof(genlmsghdr)));
    generic->cmd = command;
    generic->version = 1;
    return head;
  }
  Outcome<Nothing> send(const nlmsghdr* head) {
    if (mnl_socket_sendto(handle_.get(), head, head->nlmsg_len) > 0) return ok;
    return system_failure("send to", "generic netlink");
  }
  // The next datagram's messages, each by `take`; whether there are more to come.
  template <class Take>
  Outcome<bool> receive(Take take) {
    return receive(take, sequence_);
  }
  // What is there of earlier requests: errors, as those are what nobody has waited for.
  Outcome<Nothing> receive_rest() {
    pollfd wanted{fd(), POLLIN, 0};
    while (poll(&wanted, 1, 0) > 0) TRY(receive([](const nlmsghdr*) {}, 0));
    return ok;
  }
  Outcome<Nothing> join(std::uint32_t group) {
    if (mnl_socket_setsockopt(handle_.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
      return ok;
    return system_failure("listen to", "the netlink group of " RS_CHANNEL_FAMILY);
  }
  void any_sequence() { sequence_ = 0; }
  int fd() const { return mnl_socket_get_fd(handle_.get()); }

 private:
  template <class Take>
  Outcome<bool> receive(Take take, std::uint32_t sequence) {
    auto got = mnl_socket_recvfrom(handle_.get(), buffer_.data(), buffer_.size());
    if (got < 0) return system_failure("receive from", "generic netlink");
    auto callback = [](const nlmsghdr* head, void* data) {
      (*static_cast<Take*>(data))(head);
      return MNL_CB_OK;
    };
    int more = mnl_cb_run(buffer_.data(), static_cast<std::size_t>(got), sequence,
                          mnl_socket_get_portid(handle_.get()), callback, &take);
    if (more < 0) return system_failure("call", "generic netlink");
    return more > 0;
  }

  std::unique_ptr<mnl_socket, CloseSocket> handle_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kBuffer);
  std::uint32_t sequence_ = 0;
};

template <class Use>
int use_attribute(const nlattr* attribute, void* use) {
  (*static_cast<Use*>(use))(attribute);
  return MNL_CB_OK;
}
// Every attribute of a message, or within another attribute.
template <class Use>
void each(const nlmsghdr* head, Use use) {
  mnl_attr_parse(head, sizeof(genlmsghdr), use_attribute<Use>, &use);
}
template <class Use>
void each(const nlattr* nest, Use use) {
  mnl_attr_parse_nested(nest, use_attribute<Use>, &use);
}

struct Family {
  std::uint16_t id = 0;
  std::uint32_t group = 0;
};

void read_groups(const nlattr* groups, Family& family) {
  each(groups, [&](const nlattr* group) {
    each(group, [&](const nlattr* field) {
      if (mnl_attr_get_type(field) == CTRL_ATTR_MCAST_GRP_ID)
        family.group = mnl_attr_get_u32(field);
    });
  });
}

Outcome<Family> find_family(Socket& socket) {
  auto* head = socket.request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
  mnl_attr_put_strz(head, CTRL_ATTR_FAMILY_NAME, RS_CHANNEL_FAMILY);
  TRY(socket.send(head));
  Family family;
  auto take = [&](const nlmsghdr* answer) {
    each(answer, [&](const nlattr* attribute) {
      if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID)
        family.id = mnl_attr_get_u16(attribute);
      if (mnl_attr_get_type(attribute) == CTRL_ATTR_MCAST_GROUPS) read_groups(attribute, family);
    });
  };
  while (true) {
    auto more = socket.receive(take);
    if (!more && errno == ENOENT)
      return Failure{"no generic netlink family " RS_CHANNEL_FAMILY
                     " (modprobe ringside_channels, or insmod its file, first)"};
    if (!TRY(std::move(more))) return family;
  }
}

class NetlinkChannel : public Channel {
 public:
  NetlinkChannel(const Ability& ability, Socket socket, Socket listener, UniqueFd device,
                 Family family)
      : Channel(ability),
        socket_(std::move(socket)),
        listener_(std::move(listener)),
        device_(std::move(device)),
        family_(family) {}

  Outcome<Nothing> setup(std::uint32_t length, bool checked) override {
    TRY(flush());
    length_ = length, checked_ = checked, next_ = first_ = 0, streamed_ = taken_ = 0;
    stream_.clear();
    auto* head = socket_.request(family_.id, RS_CHANNEL_CMD_MESSAGE, NLM_F_ACK);
    mnl_attr_put_u32(head, RS_CHANNEL_A_CHECKED, checked);
    return run(head, [](const nlmsghdr*) {});
  }
  Outcome<Nothing> call(Bytes payload, std::vector<std::byte>& reply) override {
    reply.clear();
    bool answered = false;
    TRY(flush());
    TRY(post(Type::kEcho, calls_++, payload));
    TRY(socket_.receive([&](const nlmsghdr* answer) {
      with_message(answer, [&](Bytes message) {
        auto read = channel::read_message(message);
        answered = read && read->header.type == Type::kReply;
        if (answered) reply.assign(read->payload.begin(), read->payload.end());
      });
    }));
    return answered ? Outcome<Nothing>(ok) : Failure{"no reply from generic netlink"};
  }
  Outcome<Nothing> send(Bytes payload) override { return post(Type::kData, next_++, payload); }
  // The kernel is done with a message when sendto() returns; only errors are answered.
  Outcome<Nothing> flush() override {
    return std::exchange(posted_, false) ? socket_.receive_rest() : Outcome<Nothing>(ok);
  }
  void set_batch(unsigned most) override { batch_ = std::clamp(most, 1u, kStreamBatch); }
  Outcome<std::uint64_t> receive(std::vector<std::byte>& payload) override {
    if (taken_ == streamed_) TRY(dump());
    auto bytes = Bytes(stream_).subspan(taken_++ * (channel::kHeader + length_));
    auto message = channel::read_message(bytes);
    if (!message) return Failure{describe(message.error(), "netlink's message")};
    payload.assign(message->payload.begin(), message->payload.end());
    return message->header.sequence;
  }
  Outcome<Nothing> notify(microseconds delay) override {
    rs_channel_notify notify{};
    notify.delay = static_cast<std::uint32_t>(delay.count()), notify.eventfd = -1;
    return ask(device_.get(), RS_CHANNEL_IOC_NOTIFY, notify, "ask for an event of");
  }
  Outcome<std::optional<Event>> wait(microseconds timeout) override {
    pollfd wanted{listener_.fd(), POLLIN, 0};
    timespec limit{timeout.count() / 1'000'000, timeout.count() % 1'000'000 * 1'000};
    int ready = ppoll(&wanted, 1, &limit, nullptr);
    if (ready < 0) return system_failure("poll", "generic netlink");
    if (ready == 0) return std::optional<Event>();
    Event event;
    TRY(listener_.receive([&](const nlmsghdr* head) {
      with_message(head, [&](Bytes bytes) {
        if (auto read = channel::read_message(bytes)) event.sequence = read->header.sequence;
      });
    }));
    return std::optional(event);
  }
  Outcome<rs_channel_counts> counts() override {
    rs_channel_counts counts{};
    TRY(flush());
    auto* head = socket_.request(family_.id, RS_CHANNEL_CMD_COUNTS, NLM_F_ACK);
    TRY(run(head, [&](const nlmsghdr* answer) {
      each(answer, [&](const nlattr* attribute) {
        if (mnl_attr_get_type(attribute) == RS_CHANNEL_A_COUNTS &&
            mnl_attr_get_payload_len(attribute) >= sizeof counts)
          std::memcpy(&counts, mnl_attr_get_payload(attribute), sizeof counts);
      });
    }));
    return counts;
  }
  int descriptor() const override { return listener_.fd(); }

 private:
  template <class Use>
  static void with_message(const nlmsghdr* head, Use use) {
    each(head, [&](const nlattr* attribute) {
      if (mnl_attr_get_type(attribute) == RS_CHANNEL_A_MESSAGE)
        use(Bytes(static_cast<const std::byte*>(mnl_attr_get_payload(attribute)),
                  mnl_attr_get_payload_len(attribute)));
    });
  }
  template <class Take>
  Outcome<Nothing> run(const nlmsghdr* head, Take take) {
    TRY(socket_.send(head));
    while (TRY(socket_.receive(take))) continue;
    return ok;
  }
  // No acknowledgement is asked for: it costs as much as the message.
  Outcome<Nothing> post(Type type, std::uint64_t sequence, Bytes payload) {
    if (payload.size() > ability().most) return cannot("carry so much in one message");
    auto message = envelope_.seal(type, sequence, payload);
    auto* head = socket_.request(family_.id, RS_CHANNEL_CMD_MESSAGE, 0);
    mnl_attr_put(head, RS_CHANNEL_A_MESSAGE, message.size(), message.data());
    return socket_.send(head);
  }
  // The next messages of the stream, kept.
  Outcome<Nothing> dump() {
    TRY(flush());
    auto few = static_cast<std::uint32_t>((1u << 20) / (channel::kHeader + length_));
    auto count = std::clamp(few, 1u, batch_);
    auto* head = socket_.request(family_.id, RS_CHANNEL_CMD_MESSAGE, NLM_F_DUMP);
    mnl_attr_put_u32(head, RS_CHANNEL_A_LENGTH, length_);
    mnl_attr_put_u32(head, RS_CHANNEL_A_COUNT, count);
    mnl_attr_put_u32(head, RS_CHANNEL_A_CHECKED, checked_);
    mnl_attr_put_u64(head, RS_CHANNEL_A_FIRST, first_);
    stream_.clear();
    taken_ = streamed_ = 0;
    TRY(run(head, [&](const nlmsghdr* answer) {
      with_message(answer, [&](Bytes message) {
        stream_.insert(stream_.end(), message.begin(), message.end());
        ++streamed_;
      });
    }));
    first_ += streamed_;
    return streamed_ > 0 ? Outcome<Nothing>(ok) : Failure{"no data from generic netlink"};
  }

  Socket socket_, listener_;
  UniqueFd device_;
  Family family_;
  Envelope envelope_;
  std::vector<std::byte> stream_;
  std::size_t streamed_ = 0, taken_ = 0;
  std::uint64_t first_ = 0;
  std::uint32_t length_ = 0, batch_ = kStreamBatch;
  bool checked_ = false, posted_ = false;
  std::uint64_t next_ = 0, calls_ = 0;
};

}  // namespace

Opened open_netlink(const Ability& ability) {
  auto socket = TRY(Socket::open());
  auto family = TRY(find_family(socket));
  auto listener = TRY(Socket::open());
  TRY(listener.join(family.group));
  listener.any_sequence();
  return make<NetlinkChannel>(ability, std::move(socket), std::move(listener),
                              TRY(open_file(RS_CHANNEL_DEVICE)), family);
}

}  // namespace ringside::channels
