#include "service/offers/offer_server.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <thread>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/log_limit.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "base/unix_listener.h"
#include "service/offers/check_offer.h"
#include "service/offers/offers_socket.h"
#include "service/offers/peer.h"

namespace oriel::offers {
namespace {

using capture::Offer;

// Everything that can be ready at the same time.
constexpr size_t kMaxEvents = kMaxConnections + kMaxOffers + 2;
constexpr Duration kAcceptPause = std::chrono::seconds(1);
constexpr Duration kStopPatience = std::chrono::seconds(1);
// Why a connection was closed, after its sender's name.
constexpr char kEnded[] = "ended, or closed its connection";
constexpr char kDoesNotRead[] = "does not read";
constexpr char kIsSilent[] = "is silent: it is stopped, or stuck";
// epoll's tags; connections and pidfds have greater ones.
constexpr uint64_t kListenerTag = 0;
constexpr uint64_t kWakeTag = 1;

class OfferServerImpl final : public OfferServer {
 public:
  OfferServerImpl(const OfferServerOptions& options,
                  session::DisplayRegistry* registry,
                  std::unique_ptr<UnixListener> listener, UniqueFd socket,
                  UniqueFd epoll, std::shared_ptr<UniqueFd> wake)
      : options_(options),
        listener_(std::move(listener)),
        socket_(std::move(socket)),
        epoll_(std::move(epoll)),
        wake_(wake),
        // Leases outlive the server where a device call never returns.
        book_(registry, options.open,
              [wake] { eventfd_write(wake->get(), 1); }) {}
  ~OfferServerImpl() override { Stop(); }

  absl::Status Init();
  std::vector<LentDevice> List() const override {
    MutexLock lock(list_mutex_);
    return list_;
  }
  void Ask(std::function<void()> answer) override {
    {
      MutexLock lock(list_mutex_);
      answers_.push_back(std::move(answer));
    }
    eventfd_write(wake_->get(), 1);
  }
  void Stop() override {
    if (!thread_.joinable()) return;
    stopping_ = true;
    eventfd_write(wake_->get(), 1);
    thread_.join();
  }

 private:
  struct Connection {
    std::unique_ptr<Peer> peer;
    std::string notice;
  };
  struct PidFd {
    UniqueFd fd;
    OfferKey offer;
    std::string who;
  };

  bool Watch(int fd, uint64_t tag);
  // Before it is closed: others may have the same file open, and an epoll
  // instance goes on to report it.
  void Unwatch(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }
  void Run();
  void HandleEvents(const epoll_event* events, int count);
  void HandleEnds(const epoll_event* events, int count);
  int PauseMs(Time due) const;

  void LogRefusal(const std::string& line, const std::string& reason);
  void Accept();
  absl::Status CheckUser(const Peer& peer) const;
  void ReadFrom(uint64_t tag);
  // An error closes the connection.
  absl::Status Handle(uint64_t tag, Peer::Received received);
  absl::Status HandleOffer(uint64_t tag, Offer offer,
                           std::vector<UniqueFd> fds);
  void HandleNotice(Connection& connection, const std::string& text);
  void Close(uint64_t tag, const std::string& why);
  absl::Status Refuse(uint64_t tag, const Offer& offer,
                      const std::string& reason);
  void EndOffers(uint64_t tag, const OfferEnd& end);
  void ForgetPidFds(const std::function<bool(const OfferKey&)>& of);
  void TellReleased();
  // Those that hang: who cannot see a device's end must not keep it. When there
  // may be more to do.
  Time CloseSilent(Time now);
  void TellHelperState();
  void StopAll();
  // For List and Ask, after what the thread did.
  void UpdateList();

  const OfferServerOptions options_;
  std::unique_ptr<UnixListener> listener_;
  UniqueFd socket_;
  const UniqueFd epoll_;
  const std::shared_ptr<UniqueFd> wake_;
  std::atomic<bool> stopping_{false};

  // Only used by the thread, once it runs.
  OfferBook book_;
  uint64_t last_tag_ = kWakeTag;
  std::map<uint64_t, Connection> connections_;  // by tag
  std::map<uint64_t, PidFd> pid_fds_;           // by tag
  Time accept_again_ = Time::max();
  LogLimit refusals_;
  Time silent_due_ = Time::max();

  mutable Mutex list_mutex_;
  std::vector<LentDevice> list_ ABSL_GUARDED_BY(list_mutex_);
  std::vector<std::function<void()>> answers_ ABSL_GUARDED_BY(list_mutex_);

  std::thread thread_;
};

bool OfferServerImpl::Watch(int fd, uint64_t tag) {
  epoll_event event = {.events = EPOLLIN, .data = {.u64 = tag}};
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

absl::Status OfferServerImpl::Init() {
  if (!Watch(socket_.get(), kListenerTag) || !Watch(wake_->get(), kWakeTag)) {
    return absl::ErrnoToStatus(errno, "wait for offers of devices");
  }
  TellHelperState();
  for (const BorrowedDisplayOptions& display : options_.displays) {
    RETURN_IF_ERROR(book_.Configure(display));
  }
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "offers");
  return absl::OkStatus();
}

int OfferServerImpl::PauseMs(Time due) const {
  if (due == Time::max()) return -1;
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(
      std::max(due - Clock::now(), Duration::zero()));
  return static_cast<int>(pause.count());
}

void OfferServerImpl::Run() {
  std::array<epoll_event, kMaxEvents> events;
  while (!stopping_) {
    const Time due =
        std::min({book_.RemoveGone(Clock::now()), accept_again_, silent_due_});
    const int count = epoll_wait(epoll_.get(), events.data(),
                                 static_cast<int>(events.size()), PauseMs(due));
    if (Clock::now() >= accept_again_) {
      accept_again_ = Time::max();
      Watch(socket_.get(), kListenerTag);
    }
    // What has ended makes room for what is new, such as the same VM again.
    HandleEnds(events.data(), count);
    HandleEvents(events.data(), count);
    // Interrupted, as when this process itself was stopped, nobody was heard.
    if (count >= 0) silent_due_ = CloseSilent(Clock::now());
    TellReleased();
    UpdateList();
  }
  StopAll();
  UpdateList();
}

void OfferServerImpl::UpdateList() {
  std::vector<LentDevice> list = book_.List();
  std::vector<std::function<void()>> answers;
  {
    MutexLock lock(list_mutex_);
    list_ = std::move(list);
    answers.swap(answers_);
  }
  for (const auto& answer : answers) answer();
}

void OfferServerImpl::HandleEnds(const epoll_event* events, int count) {
  for (int i = 0; i < count; ++i) {
    const uint64_t tag = events[i].data.u64;
    if (const auto found = pid_fds_.find(tag); found != pid_fds_.end()) {
      const OfferKey offer = found->second.offer;
      const std::string reason = found->second.who + " ended";
      book_.End(offer, {reason, "the VM is not running: " + reason},
                Clock::now());
      ForgetPidFds([&](const OfferKey& key) { return key == offer; });
    } else if ((events[i].events & (EPOLLHUP | EPOLLERR)) != 0 &&
               connections_.contains(tag)) {
      Close(tag, kEnded);
    }
  }
}

void OfferServerImpl::HandleEvents(const epoll_event* events, int count) {
  for (int i = 0; i < count; ++i) {
    const uint64_t tag = events[i].data.u64;
    if (tag == kListenerTag) {
      Accept();
    } else if (tag == kWakeTag) {
      eventfd_t ignored = 0;
      eventfd_read(wake_->get(), &ignored);
    } else if (connections_.contains(tag)) {
      ReadFrom(tag);
    }
  }
}

// --- connections ---

absl::Status OfferServerImpl::CheckUser(const Peer& peer) const {
  if (peer.uid() == 0 || peer.uid() == geteuid() ||
      options_.users.contains(peer.uid())) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(absl::StrFormat(
      "user %d may not offer devices; add it to devices_socket { user: } of "
      "the configuration if it should",
      peer.uid()));
}

// Whoever may connect can be refused as often as it likes.
void OfferServerImpl::LogRefusal(const std::string& line,
                                 const std::string& reason) {
  const std::optional<std::string> unsaid = refusals_.Admit(line + reason);
  if (unsaid.has_value()) spdlog::warn("{} reason={}{}", line, reason, *unsaid);
}

void OfferServerImpl::Accept() {
  UniqueFd socket(
      accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.valid()) {
    if (errno != EMFILE && errno != ENFILE && errno != ENOMEM &&
        errno != ENOBUFS) {
      return;
    }
    // It stays ready: not to be asked again in a tight loop.
    LogRefusal("event=helper_not_accepted", LogText(std::strerror(errno)));
    Unwatch(socket_.get());
    accept_again_ = Clock::now() + kAcceptPause;
    return;
  }
  absl::StatusOr<std::unique_ptr<Peer>> peer = Peer::Create(std::move(socket));
  absl::Status status = peer.status();
  if (status.ok()) status = CheckUser(**peer);
  if (status.ok() && connections_.size() >= kMaxConnections) {
    status = absl::ResourceExhaustedError(absl::StrFormat(
        "there are %d connections already", connections_.size()));
  }
  if (status.ok() && !Watch((*peer)->fd(), last_tag_ + 1)) {
    status = absl::ErrnoToStatus(errno, "wait for its messages");
  }
  if (!status.ok()) {
    // Not by its pid, which is another one with each attempt.
    LogRefusal(absl::StrFormat("event=helper_refused uid=%d",
                               peer.ok() ? (*peer)->uid() : 0),
               LogText(std::string(status.message())));
    if (peer.ok()) {
      (*peer)->Send(capture::Notice{std::string(status.message())});
    }
    return;
  }
  connections_[++last_tag_].peer = *std::move(peer);
}

void OfferServerImpl::ReadFrom(uint64_t tag) {
  absl::StatusOr<std::optional<Peer::Received>> received =
      connections_[tag].peer->Receive(Clock::now());
  absl::Status status = received.status();
  if (status.ok() && received->has_value()) {
    status = Handle(tag, **std::move(received));
  }
  if (!status.ok()) Close(tag, std::string(status.message()));
}

absl::Status OfferServerImpl::Handle(uint64_t tag, Peer::Received received) {
  Connection& connection = connections_[tag];
  const Peer& peer = *connection.peer;
  if (auto* offer = std::get_if<Offer>(&received.message)) {
    return HandleOffer(tag, std::move(*offer), std::move(received.fds));
  }
  // Fds that nobody asked for are closed.
  if (const auto* gone = std::get_if<capture::Withdrawal>(&received.message)) {
    const OfferKey key = {tag, gone->id};
    const std::string reason =
        gone->reason.empty() ? peer.name() + " withdrew it" : gone->reason;
    book_.End(key, {reason, "its VM lends it no more: " + reason},
              Clock::now());
    ForgetPidFds([&](const OfferKey& other) { return other == key; });
    if (book_.Has(key)) return absl::OkStatus();
    // It may have been let go of before it was withdrawn.
    if (connection.peer->Send(capture::Released{gone->id})) {
      return absl::OkStatus();
    }
    return absl::UnavailableError(kDoesNotRead);
  }
  if (const auto* notice = std::get_if<capture::Notice>(&received.message)) {
    HandleNotice(connection, notice->text);
    return absl::OkStatus();
  }
  if (std::holds_alternative<capture::Hello>(received.message)) {
    spdlog::info("event=helper_connected sender={} uid={}",
                 LogText(peer.name()), peer.uid());
    TellHelperState();
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("sent what only orield sends");
}

void OfferServerImpl::HandleNotice(Connection& connection,
                                   const std::string& text) {
  if (connection.notice == text) return;
  connection.notice = text;
  if (!text.empty()) {
    spdlog::warn("event=helper_notice sender={} text={}",
                 LogText(connection.peer->name()), LogText(text));
  }
  TellHelperState();
}

void OfferServerImpl::TellHelperState() {
  std::string state;
  bool introduced = false;
  for (const auto& [tag, connection] : connections_) {
    introduced |= connection.peer->introduced();
    if (state.empty() && !connection.notice.empty()) {
      state = absl::StrFormat("%s says: %s", connection.peer->name(),
                              connection.notice);
    }
  }
  if (!introduced) {
    state = absl::StrFormat("waiting for oriel-borrow at %s", options_.path);
  }
  book_.SetHelperState(state);
}

void OfferServerImpl::Close(uint64_t tag, const std::string& why) {
  const auto found = connections_.find(tag);
  const std::string reason = found->second.peer->name() + " " + why;
  found->second.peer->Send(
      capture::Notice{"orield closes this connection, because " + reason});
  spdlog::info("event=helper_gone reason={}", LogText(reason));
  Unwatch(found->second.peer->fd());
  connections_.erase(found);
  EndOffers(tag, {reason, "nobody lends its device: " + reason});
  TellHelperState();
}

Time OfferServerImpl::CloseSilent(Time now) {
  std::vector<uint64_t> silent;
  Time next = Time::max();
  for (const auto& [tag, connection] : connections_) {
    const Time since = connection.peer->silent_since();
    if (since == Time::max()) continue;
    if (now - since >= options_.silence) {
      silent.push_back(tag);
    } else {
      next = std::min(next, since + options_.silence);
    }
  }
  for (const uint64_t tag : silent) Close(tag, kIsSilent);
  return next;
}

void OfferServerImpl::EndOffers(uint64_t tag, const OfferEnd& end) {
  ForgetPidFds([&](const OfferKey& key) { return key.connection == tag; });
  book_.EndAll(tag, end, Clock::now());
}

// --- offers ---

absl::Status OfferServerImpl::Refuse(uint64_t tag, const Offer& offer,
                                     const std::string& reason) {
  LogRefusal("event=offer_refused display=" + LogText(offer.display),
             LogText(reason));
  if (connections_[tag].peer->Send(capture::Refused{offer.id, reason})) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(kDoesNotRead);
}

absl::Status OfferServerImpl::HandleOffer(uint64_t tag, Offer offer,
                                          std::vector<UniqueFd> fds) {
  const OfferKey key = {tag, offer.id};
  if (book_.Has(key)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("offered id %d twice", offer.id));
  }
  if (!offer.fault.empty()) return Refuse(tag, offer, offer.fault);
  GiveName(offer);
  absl::Status status = CheckOfferFds(offer, fds);
  if (status.ok()) {
    status = book_.Add(key, offer, std::move(fds[0]), Clock::now());
  }
  if (!status.ok()) return Refuse(tag, offer, std::string(status.message()));
  Peer& peer = *connections_[tag].peer;
  if (peer.pings() &&
      !peer.Send(capture::Taken{offer.id, book_.DeviceFd(key)})) {
    return absl::UnavailableError(kDoesNotRead);
  }
  if (fds.size() < 2) return absl::OkStatus();
  if (!Watch(fds[1].get(), last_tag_ + 1)) {
    const std::string reason = absl::StrFormat(
        "its VMM's end cannot be noticed: epoll_ctl: %s", std::strerror(errno));
    book_.End(key, {reason, reason}, Clock::now());
    return absl::OkStatus();
  }
  pid_fds_[++last_tag_] = {std::move(fds[1]), key, OfferBook::WhoDrives(offer)};
  return absl::OkStatus();
}

void OfferServerImpl::ForgetPidFds(
    const std::function<bool(const OfferKey&)>& of) {
  std::erase_if(pid_fds_, [&](const auto& item) {
    if (!of(item.second.offer)) return false;
    Unwatch(item.second.fd.get());
    return true;
  });
}

void OfferServerImpl::TellReleased() {
  for (const OfferKey& key : book_.TakeOver(Clock::now())) {
    const auto found = connections_.find(key.connection);
    if (found != connections_.end() &&
        !found->second.peer->Send(capture::Released{key.id})) {
      Close(key.connection, kDoesNotRead);
    }
  }
}

void OfferServerImpl::StopAll() {
  const Time deadline = Clock::now() + kStopPatience;
  Unwatch(socket_.get());
  // Nobody is to connect, or to wait, where nobody answers any more: the path
  // goes first, so that a server that takes it finds nobody listening there.
  listener_.reset();
  socket_.reset();
  for (const auto& [tag, connection] : connections_) {
    Unwatch(connection.peer->fd());
    EndOffers(tag, {"orield stops", "orield stops"});
  }
  TellReleased();
  while (!book_.empty() && Clock::now() < deadline) {
    epoll_event event;
    if (epoll_wait(epoll_.get(), &event, 1, PauseMs(deadline)) > 0) {
      HandleEvents(&event, 1);
    }
    TellReleased();
  }
  connections_.clear();
}

}  // namespace

absl::StatusOr<std::unique_ptr<OfferServer>> OfferServer::Start(
    const OfferServerOptions& options, session::DisplayRegistry* registry) {
  ASSIGN_OR_RETURN(std::unique_ptr<UnixListener> listener,
                   UnixListener::Prepare(options.path, options.mode));
  ASSIGN_OR_RETURN(UniqueFd socket, ListenForOffers(*listener));
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  auto wake =
      std::make_shared<UniqueFd>(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll.valid() || !wake->valid()) {
    return absl::ErrnoToStatus(errno, "wait for offers of devices");
  }
  auto server = std::make_unique<OfferServerImpl>(
      options, registry, std::move(listener), std::move(socket),
      std::move(epoll), std::move(wake));
  RETURN_IF_ERROR(server->Init());
  return server;
}

}  // namespace oriel::offers
