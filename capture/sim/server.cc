#include "capture/sim/server.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "spdlog/spdlog.h"

namespace oriel::capture::sim {
namespace {

constexpr int kAcceptPauseMs = 200;

}  // namespace

Server::Server(VirtualDevice& device, Listener* listener)
    : device_(device), listener_(listener) {}

void Server::AddClient(UniqueFd socket) {
  clients_.push_back(std::make_unique<Connection>(std::move(socket), device_));
  // What a client sees first is not from before it came.
  next_draw_ = Clock::now();
  spdlog::info("client {} connected, {} in all", clients_.back()->fd(),
               clients_.size());
}

absl::Status Server::Run(int stop_fd) {
  std::vector<pollfd> polled;
  for (;;) {
    RETURN_IF_ERROR(DrawIfDue());
    polled.assign(1, {.fd = stop_fd, .events = POLLIN});
    for (const auto& client : clients_) {
      polled.push_back({.fd = client->fd(), .events = client->poll_events()});
    }
    const bool accepting = listener_ != nullptr && !accept_paused_;
    if (accepting) polled.push_back({.fd = listener_->fd(), .events = POLLIN});
    const int timeout_ms = PollTimeoutMs();
    accept_paused_ = false;
    if (poll(polled.data(), polled.size(), timeout_ms) < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "wait for clients");
    }
    if (polled.front().revents != 0) return absl::OkStatus();
    const size_t count = clients_.size();
    for (size_t i = 0; i < count; ++i) {
      if (!Serve(*clients_[i], polled[i + 1].revents)) clients_[i].reset();
    }
    std::erase(clients_, nullptr);
    if (accepting && polled.back().revents != 0) AcceptClients();
  }
}

int Server::PollTimeoutMs() const {
  const bool busy = std::any_of(
      clients_.begin(), clients_.end(),
      [](const auto& client) { return client->has_whole_message(); });
  if (busy) return 0;
  int timeout_ms = accept_paused_ ? kAcceptPauseMs : -1;
  if (!clients_.empty() && next_draw_ != Time::max()) {
    // Rounded up: a millisecond early would mean a turn for nothing.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::max(next_draw_ - Clock::now(), Duration::zero()));
    const int left_ms = static_cast<int>(left.count());
    timeout_ms = timeout_ms < 0 ? left_ms : std::min(timeout_ms, left_ms);
  }
  return timeout_ms;
}

absl::Status Server::DrawIfDue() {
  if (clients_.empty() || Clock::now() < next_draw_) return absl::OkStatus();
  Draw();
  return FollowFramebuffer();
}

void Server::Draw() {
  const SceneTime time = {Clock::now() - start_, std::time(nullptr)};
  device_.Draw(time);
  const auto next = device_.NextChange(time);
  next_draw_ = next.has_value() ? start_ + *next : Time::max();
}

absl::Status Server::FollowFramebuffer() {
  const Framebuffer& framebuffer = device_.framebuffer();
  const Life life = framebuffer.life();
  if (life == Life::kEnded) {
    return absl::AbortedError(framebuffer.why_not_on());
  }
  if (std::exchange(life_, life) != life) {
    if (life == Life::kOff) {
      spdlog::warn("no device until it is back: {}", framebuffer.why_not_on());
    } else {
      spdlog::info("the device is back");
    }
  }
  // Clients have mapped what is nobody's screen any more.
  if (life == Life::kOff) clients_.clear();
  return absl::OkStatus();
}

void Server::AcceptClients() {
  auto client = listener_->Accept();
  if (!client.ok()) {
    spdlog::warn("{}; trying again soon",
                 std::string(client.status().message()));
    accept_paused_ = true;
    return;
  }
  if (!client->valid()) return;
  if (clients_.size() >= kMaxClients) {
    spdlog::warn("turned a client away: {} are connected", clients_.size());
    return;
  }
  // One that tries every second is no news every second.
  if (life_ == Life::kOff) {
    Draw();
    if (device_.framebuffer().life() == Life::kOff) return;
  }
  AddClient(*std::move(client));
}

bool Server::Serve(Connection& client, short events) {
  absl::Status status;
  if ((events & POLLOUT) != 0) status = client.Flush();
  // A hang-up is noticed by reading what was sent before it; while an answer
  // waits for a client that has gone, by the failing write.
  if (status.ok() && (events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    const short wanted = client.poll_events();
    if (wanted == POLLIN) status = client.Receive();
    if (wanted == POLLOUT) status = client.Flush();
  }
  if (status.ok()) status = client.HandleMessages();
  if (status.ok()) return true;
  if (absl::IsUnavailable(status)) {
    spdlog::info("client {} left: {}", client.fd(),
                 std::string(status.message()));
  } else {
    spdlog::warn("dropped client {}: {}", client.fd(),
                 std::string(status.message()));
  }
  return false;
}

}  // namespace oriel::capture::sim
