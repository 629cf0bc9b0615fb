#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "capture/abi/vfio_user.h"

namespace oriel::capture {

// The server's end of one vfio-user connection, for scripts: polite unless
// the script says otherwise. Thread-bound to the script.
class ScriptedPeer {
 public:
  struct Request {
    abi::vfio_user::Header header{};
    std::vector<uint8_t> payload;
  };

  explicit ScriptedPeer(int fd) : fd_(fd) {}

  // The next message; empty once the client has gone.
  std::optional<Request> Receive();
  // A well-formed reply to `request`.
  void Reply(const Request& request, std::span<const uint8_t> payload,
             const std::vector<int>& fds = {});
  void ReplyError(const Request& request, uint32_t error_number);
  void SendHeader(const abi::vfio_user::Header& header,
                  std::span<const uint8_t> payload = {},
                  const std::vector<int>& fds = {});
  void SendBytes(std::span<const uint8_t> bytes,
                 const std::vector<int>& fds = {});
  // Receives VERSION and agrees; `json` replaces the usual capabilities.
  void Handshake(const std::string& json = "");
  // Plays a device with nine regions, of which there is one: `reply` is its
  // whole region info, and `fd` (-1: none) comes once argsz suffices. Until
  // the client has gone.
  void ServeRegion(const std::vector<uint8_t>& reply, int fd);
  // Until the client closes or shuts down.
  void AwaitEnd();

 private:
  const int fd_;
};

// A vfio-user server that does what its script says, on a thread of its own,
// over a socket pair. The connection closes when the script returns.
class ScriptedVfioUserServer {
 public:
  explicit ScriptedVfioUserServer(std::function<void(ScriptedPeer&)> script);
  // Close the client's end first: scripts wait for it.
  ~ScriptedVfioUserServer();

  // The client's end, once.
  UniqueFd TakeClientEnd() { return std::move(client_end_); }

 private:
  UniqueFd client_end_;
  UniqueFd server_end_;
  std::thread thread_;
};

}  // namespace oriel::capture
