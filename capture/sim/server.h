#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/sim/connection.h"
#include "capture/sim/listener.h"
#include "capture/sim/virtual_device.h"

namespace oriel::capture::sim {

// Serves one virtual device to up to 64 clients; more are turned away. A client
// that breaks the protocol is dropped and logged, the others do not notice.
// The scene is drawn only while somebody is connected; where its framebuffer is
// off, nobody is. Thread-compatible: one thread polls everything.
class Server {
 public:
  static constexpr size_t kMaxClients = 64;

  // Both outlive the server; `listener` may be null when clients come by
  // AddClient.
  Server(VirtualDevice& device, Listener* listener);

  // A connected stream socket.
  void AddClient(UniqueFd socket);
  // Until `stop_fd` polls as readable. kAborted: the device's framebuffer has
  // ended; the clients go with this server and may come back to another.
  absl::Status Run(int stop_fd);

 private:
  // How long poll may wait, in milliseconds; -1: for ever.
  int PollTimeoutMs() const;
  absl::Status DrawIfDue();
  void Draw();
  // Tells what became of the framebuffer. kAborted: see Run.
  absl::Status FollowFramebuffer();
  void AcceptClients();
  // False: drop it.
  bool Serve(Connection& client, short events);

  VirtualDevice& device_;
  Listener* const listener_;
  std::vector<std::unique_ptr<Connection>> clients_;
  const Time start_ = Clock::now();
  Time next_draw_ = start_;
  Life life_ = Life::kOn;       // that was told
  bool accept_paused_ = false;  // out of file descriptors: not in this round
};

}  // namespace oriel::capture::sim
