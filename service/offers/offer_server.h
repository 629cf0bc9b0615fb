#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "capture/borrow/messages.h"
#include "service/offers/borrowed_display.h"
#include "service/offers/offer_book.h"
#include "service/offers/offers_socket.h"
#include "service/session/display_registry.h"

namespace oriel::offers {

struct OfferServerOptions {
  std::string path;  // of the SEQPACKET socket
  mode_t mode = 0600;
  // Who may offer devices, beside root and the daemon's own user, whatever the
  // mode.
  std::set<uid_t> users;
  std::vector<BorrowedDisplayOptions> displays;
  LeasedDeviceOpener open = OpenLeasedDevice;
  // So long one that pings may say nothing before it loses its offers.
  Duration silence = capture::kBorrowSilence;
};

// Takes offers of devices (capture/borrow/messages.h) from oriel-borrow and
// launchers, shows each as a display for as long as the offer lasts, and lets
// go of it at once when it ends. One thread of its own, which never waits for a
// device or a peer. Thread-safe.
class OfferServer {
 public:
  // `registry` outlives it. Errors: nothing can be listened on.
  static absl::StatusOr<std::unique_ptr<OfferServer>> Start(
      const OfferServerOptions& options, session::DisplayRegistry* registry);
  virtual ~OfferServer() = default;

  // The devices that are on loan now.
  virtual std::vector<LentDevice> List() const = 0;

  // Calls `answer` once, on its thread: whether it hangs. Not after Stop.
  virtual void Ask(std::function<void()> answer) = 0;

  // Ends all offers, waits a moment until their devices are let go of, and says
  // so to those who offered them. Before the registry stops.
  virtual void Stop() = 0;
};

}  // namespace oriel::offers
