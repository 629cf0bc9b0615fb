#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "service/rpc/device_service.h"
#include "service/session/display_registry.h"

namespace oriel::rpc {

struct UnixAddress {
  std::string path;  // absolute
  mode_t mode = 0660;
};
struct TcpAddress {
  std::string host;  // a loopback address, such as 127.0.0.1 or ::1
  int port = 0;      // 0: any free port
};
using Address = std::variant<UnixAddress, TcpAddress>;

// gRPC's own end, with the last server, waits for a poller of its that may
// sleep for ten seconds, though nothing is left to do. After this call, made
// before the first server starts, its threads go on instead: the process must
// end by _exit.
void LeaveGrpcRunning();

// The gRPC services of one daemon. Thread-safe.
class Server {
 public:
  // `registry` outlives the server and is stopped before it. `list_devices`
  // null: it lists none. Errors name the
  // address: kInvalidArgument (no loopback address, too long a path),
  // kAlreadyExists (a server listens there), errno's otherwise.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      session::DisplayRegistry* registry, const std::vector<Address>& addresses,
      DeviceLister list_devices = nullptr);
  virtual ~Server() = default;

  // Where it listens, as clients name it: "unix:/run/oriel/oriel.sock",
  // "127.0.0.1:7470".
  virtual std::vector<std::string> addresses() const = 0;

  // Calls `answer` once a call that this process made of itself has ended:
  // whether the services hang. Not after Stop.
  virtual void Ask(std::function<void()> answer) = 0;

  // Takes no new connections and calls. Those still open after `grace` are
  // ended then. Returns at once.
  virtual void BeginStop(Duration grace) = 0;
  // Waits for their end, which comes soon after the grace whatever the clients
  // do. The grace of an earlier BeginStop holds.
  virtual void Stop(Duration grace) = 0;
};

}  // namespace oriel::rpc
