#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace oriel::clients {

inline constexpr char kDefaultServer[] = "unix:/run/oriel/oriel.sock";

// Where an orield listens.
struct ServerAddress {
  std::string text;         // as people write it: unix:/path or host:port
  std::string grpc_target;  // as gRPC wants it
  std::string socket_path;  // empty for host:port
  std::string host;         // empty for a socket; without brackets
  std::string port;         // empty for a socket

  bool is_socket() const { return !socket_path.empty(); }
};

// "unix:/path", "unix:relative", "/path", "./path", "host:port" or
// "[address]:port". kInvalidArgument says what is wrong and what would do.
absl::StatusOr<ServerAddress> ParseServerAddress(const std::string& text);

// `flag` when not empty, else the environment's ORIEL_SERVER, else the default.
std::string ChooseServer(const std::string& flag);

}  // namespace oriel::clients
