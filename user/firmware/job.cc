#include "user/firmware/job.hh"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "user/firmware/folder.hh"

namespace ringside::firmware {
namespace {

// A request whose folder does not say what it asks for is one for a bad name.
std::string name_in(const RequestFolder& folder) {
  auto request = folder.request();
  return request ? std::string(request->name) : std::string();
}

Transfer transfer_of(const std::string& name, const Settings& settings) {
  Order order{name, static_cast<unsigned>(settings.folders.size())};
  order.listed_only = settings.list.has_value();
  if (settings.list) order.listed = settings.list->find(name);
  return Transfer(order);
}

}  // namespace

Job::Job(RequestFolder folder, const Settings& settings)
    : settings_(settings),
      folder_(std::move(folder)),
      name_(name_in(folder_)),
      transfer_(transfer_of(name_, settings)) {
  auto request = folder_.request();
  if (!request) why_ = describe(request.error(), folder_.device());
  auto limit = settings.limit;
  if (limit.count() == 0 && request) limit = std::chrono::seconds(request->timeout);
  if (limit.count() > 0) deadline_ = start_ + limit;
}

void Job::run() {
  for (;;) {
    switch (step()) {
      case Step::kOpen:
        look();
        break;
      case Step::kBegin:
        begin();
        break;
      case Step::kCopy:
        copy();
        break;
      case Step::kCommit:
      case Step::kAbort:
        settle(Lock(mutex_));
        break;
      case Step::kEnd:
        return;
    }
  }
}

void Job::expire(std::chrono::steady_clock::time_point now) {
  Lock lock(mutex_);
  if (!deadline_ || now < *deadline_ || transfer_.step() == Step::kEnd) return;
  transfer_.expire();
  settle(lock);
}

bool Job::has_ended() const {
  return step() == Step::kEnd;
}

Step Job::step() const {
  Lock lock(mutex_);
  return transfer_.step();
}

// Files are opened and read without the lock: that may take any time.
void Job::look() {
  auto [folder, form] = transfer_.candidate();
  FileName room;
  auto file = file_name(name_, form, room);
  auto path = settings_.folders[folder] / file;
  auto opened = open_below(settings_.folders[folder], file.data());
  if (!opened) return fail(opened.error());
  std::unique_ptr<Source> source;
  if (opened->found == Found::kFile) {
    auto started = Source::open(std::move(opened->file), form, path);
    if (!started) return fail(started.error());
    source = *std::move(started);
  }
  Lock lock(mutex_);
  if (opened->found != Found::kNothing) file_ = path;
  source_ = std::move(source);
  transfer_.opened(opened->found);
}

void Job::begin() {
  if (!folder_.write_loading(Loading::kBegin)) return refused_by_kernel("begin", errno);
  Lock lock(mutex_);
  transfer_.begun();
}

// The sum is of the bytes that the kernel was given, not of the file: it may change meanwhile.
void Job::copy() {
  auto piece = source_->next();
  if (!piece) return fail(piece.error());
  if (piece->empty()) {
    std::optional<Digest> digest;
    if (transfer_.wants_digest()) digest = digest_.finish();
    Lock lock(mutex_);
    return transfer_.ended(digest ? &*digest : nullptr);
  }
  {
    Lock lock(mutex_);
    transfer_.copied(piece->size());
    if (transfer_.step() != Step::kCopy) return;
  }
  if (!folder_.write_data(*piece)) return refused_by_kernel("take bytes", errno);
  if (transfer_.wants_digest()) digest_.add(*piece);
}

// Under the lock, so that a request which is aborted because of its time is not committed as well.
void Job::settle(const Lock&) {
  if (transfer_.step() == Step::kCommit) commit();
  if (transfer_.step() == Step::kAbort) {
    bool taken = folder_.write_loading(Loading::kAbort);
    if (!taken && why_.empty() && !RequestFolder::is_gone(errno))
      why_ = fmt::format("and could not be aborted: {}", std::strerror(errno));
    transfer_.aborted();
  }
  if (transfer_.step() == Step::kEnd) log_verdict();
}

// A kernel that has given up takes the 0 as well, and drops all.
void Job::commit() {
  if (!folder_.is_loading()) return transfer_.gone();
  if (folder_.write_loading(Loading::kDone)) return transfer_.committed();
  if (RequestFolder::is_gone(errno)) return transfer_.gone();
  why_ = fmt::format("the kernel did not take it: {}", std::strerror(errno));
  transfer_.fail("");
}

void Job::refused_by_kernel(const char* what, int error) {
  Lock lock(mutex_);
  if (transfer_.step() == Step::kEnd) return;
  if (!RequestFolder::is_gone(error)) {
    why_ = fmt::format("the kernel did not {}: {}", what, std::strerror(error));
    return transfer_.fail("");
  }
  transfer_.gone();
  log_verdict();
}

void Job::fail(const Failure& failure) {
  Lock lock(mutex_);
  if (transfer_.step() == Step::kEnd) return;
  why_ = failure.message;
  transfer_.fail("");
}

void Job::log_verdict() const {
  Record record;
  record.time = std::chrono::system_clock::now();
  record.asker = folder_.asker();
  record.name = name_.empty() ? folder_.device() : name_;
  record.file = file_;
  record.bytes = transfer_.bytes();
  record.verdict = transfer_.verdict();
  record.why = why_.empty() ? transfer_.why() : why_;
  record.took = std::chrono::steady_clock::now() - start_;
  settings_.log(record);
}

}  // namespace ringside::firmware
