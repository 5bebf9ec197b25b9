// One channel between this process and the kernel, by all that it can do: channel NAME TEXT
// c++ -std=c++17 channel.cc $(pkg-config --cflags --libs ringside) -o channel
// Needs the module ringside_channels, and root.
#include <cstdio>
#include <ringside/ringside.hh>
#include <string>

using Result = std::optional<ringside::Problem>;

static Result call(ringside::Channel& channel, const std::string& text) {
  auto reply = channel.call(text.data(), text.size());
  if (!reply) return reply.error();
  std::printf("reply: %.*s\n", static_cast<int>(reply->size()),
              reinterpret_cast<const char*>(reply->data()));
  return {};
}

static Result send(ringside::Channel& channel, const std::string& text) {
  for (int each = 0; each < 3; ++each)
    if (auto problem = channel.send(text.data(), text.size())) return problem;
  if (auto problem = channel.flush()) return problem;
  std::printf("sent: 3 messages of %zu bytes\n", text.size());
  return {};
}

static Result receive(ringside::Channel& channel) {
  if (auto problem = channel.setup(100)) return problem;
  for (int each = 0; each < 3; ++each) {
    auto message = channel.receive();
    if (!message) return message.error();
    std::printf("received: number %llu, %zu bytes\n",
                static_cast<unsigned long long>(message->sequence), message->payload.size());
  }
  return {};
}

static Result wait(ringside::Channel& channel) {
  if (auto problem = channel.notify(std::chrono::milliseconds(5))) return problem;
  auto event = channel.wait(std::chrono::seconds(5));
  if (!event) return event.error();
  std::printf("%s\n", *event ? "an event came" : "no event in five seconds");
  return {};
}

static int fail(const ringside::Problem& problem) {
  std::fprintf(stderr, "%s\n", problem.message.c_str());
  return problem.status;
}

int main(int argc, char** argv) {
  if (argc != 3) return RINGSIDE_USAGE;
  auto channel = ringside::Channel::open(argv[1]);
  if (!channel) return fail(channel.error());
  const auto ability = channel->ability();
  Result problem;
  if (ability.echo) problem = call(*channel, argv[2]);
  if (!problem && ability.sink) problem = send(*channel, argv[2]);
  if (!problem && ability.stream) problem = receive(*channel);
  if (!problem && ability.notify) problem = wait(*channel);
  return problem ? fail(*problem) : RINGSIDE_YES;
}
