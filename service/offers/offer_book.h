#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/borrow/messages.h"
#include "capture/display/device_frame_source.h"
#include "service/offers/borrowed_display.h"
#include "service/offers/lease.h"
#include "service/session/display_registry.h"

namespace oriel::offers {

inline constexpr size_t kMaxOffers = 256;
// Of those without a configuration, also while their VMs do not run.
inline constexpr size_t kMaxBorrowedDisplays = 512;
// So long a display that is not configured outlives its VM.
inline constexpr Duration kKeptFor = std::chrono::minutes(10);

struct OfferKey {
  uint64_t connection = 0;
  uint64_t id = 0;  // the sender's
  friend auto operator<=>(const OfferKey&, const OfferKey&) = default;
};

// A configured display, which shows the device that its VM offers.
struct BorrowedDisplayOptions {
  std::string name;
  // One of both: mdev UUID or PCI address; a VM that has one device.
  std::string device;
  std::string vm;
  capture::ScanPace pace;
  std::optional<capture::VendorFramebuffer> framebuffer;
  bool edid_writes_allowed = false;
  // GET_GFX_DMABUF may be asked even where the offer does not allow it.
  bool dma_bufs_allowed = false;
};

// Why an offer ends.
struct OfferEnd {
  std::string reason;  // of the streams: "win11 (pid 4711) ended"
  std::string absent;  // of the display from then on
};

struct LentDevice {
  capture::Offer offer;
  std::string display;  // that shows it; empty: none
};

// Which device is on loan to which display, and what is still to be let go of.
// Adds displays to the registry and removes them. Never waits for a device.
// Thread-compatible.
class OfferBook {
 public:
  // `registry` outlives it. `on_over` is called on any thread when TakeOver
  // may have something to tell.
  OfferBook(session::DisplayRegistry* registry, LeasedDeviceOpener open,
            std::function<void()> on_over);

  // A display from now on, device or not.
  absl::Status Configure(const BorrowedDisplayOptions& options);

  // Why nothing may be offered, for the reasons of absent displays; empty: all
  // is well.
  void SetHelperState(const std::string& state);

  // Also of one that has ended, and is not yet let go of.
  bool Has(const OfferKey& key) const { return entries_.contains(key); }
  // An error: it was not taken, and why. Called for keys that are new.
  absl::Status Add(const OfferKey& key, const capture::Offer& offer,
                   UniqueFd device, Time now);
  // Of an offer that was added: where its device is open until it ends.
  int DeviceFd(const OfferKey& key) const;
  // Closes the device; nothing where the offer is unknown or ended.
  void End(const OfferKey& key, const OfferEnd& end, Time now);
  // Those of a connection.
  void EndAll(uint64_t connection, const OfferEnd& end, Time now);
  // "win11 (qemu-system-x86, pid 4711)"; for people.
  static std::string WhoDrives(const capture::Offer& offer);

  // Ended offers of which nothing is open or mapped any more, each once.
  std::vector<OfferKey> TakeOver(Time now);
  bool empty() const { return entries_.empty(); }

  // Those that have not ended, with the display that shows each.
  std::vector<LentDevice> List() const;

  // Removes displays whose VMs have long gone; when there is more to do.
  Time RemoveGone(Time now);

 private:
  struct Entry {
    capture::Offer offer;
    UniqueFd device;
    std::string display;  // that shows it; empty: none
    std::string last_display;
    std::optional<Time> ended_at;
    std::vector<std::shared_ptr<Lease>> leases;  // that may not be over
    absl::Status problem;  // why the display it is to have does not show it
  };
  struct Place {  // a display
    std::shared_ptr<BorrowedDisplay> display;
    std::optional<BorrowedDisplayOptions> configured;
    std::string device;      // for people
    std::string absent;      // why there is no device
    bool ambiguous = false;  // `absent` says so
    bool occupied = false;
    Time gone_since;
    std::shared_ptr<Lease> lease;  // the newest
  };
  using Assignment = std::map<OfferKey, std::string>;

  absl::Status CheckNew(const capture::Offer& offer) const;
  bool Matches(const BorrowedDisplayOptions& configured,
               const capture::Offer& offer) const;
  // Makes the displays show what Assign says.
  void Settle(Time now);
  Assignment Assign();
  void AssignConfigured(Place& place, const std::string& name,
                        Assignment& assignment);
  absl::Status Bind(Entry& entry, const std::string& name);
  absl::Status AddPlace(const std::string& name, Place place);
  absl::Status MakeRoom();
  void LetGo(Entry& entry, const OfferEnd& end, Time now);
  void Unbind(Entry& entry, const OfferEnd& end, Time now);
  LeaseOptions OptionsFor(const Place& place, const capture::Offer& offer);
  std::string AbsentReason(const Place& place) const;
  bool IsGone(const Place& place) const;

  session::DisplayRegistry& registry_;
  const LeasedDeviceOpener open_;
  const std::function<void()> on_over_;
  std::string helper_state_;
  std::map<OfferKey, Entry> entries_;
  std::map<std::string, Place> places_;  // by name
};

}  // namespace oriel::offers
