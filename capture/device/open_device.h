#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "capture/device/device.h"
#include "capture/device/hangup_event.h"

namespace oriel::capture {

// Opens `name` (an mdev's UUID or a PCI address such as 0000:00:02.0) through
// its group's file, such as /dev/vfio/7, and a container of its own
// (`container_path` is /dev/vfio/vfio but in tests). kUnavailable: the group
// is busy (the caller knows how to name the holder, see
// discovery/holders.h); kPermissionDenied names file, mode and owner.
// `hangup` becomes the device's hangup_fd; a driver that can ask for its device
// back (VFIO_PCI_REQ_IRQ_INDEX) signals it.
absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenGroupDevice(
    const std::string& group_path, const std::string& name,
    std::shared_ptr<HangupEvent> hangup,
    const std::string& container_path = "/dev/vfio/vfio");

struct AdoptOptions {
  // The device's AsEdidWriter is not null, although who drives it may write
  // there, too: then the last one wins.
  bool edid_writes_allowed = false;
};

// A device that another process opened and handed over. Never written to,
// unless the options allow it. `what` names it in messages. kInvalidArgument
// when `fd` is no VFIO device.
absl::StatusOr<std::unique_ptr<Device>> AdoptDeviceFd(
    UniqueFd fd, const std::string& what, const AdoptOptions& options = {});

// A device behind a vfio-user UNIX socket. kUnavailable: nobody listens there
// or no answer within five seconds, or `interrupt`, if it is not null, polled
// as readable, as it also ends later calls of the device that wait for its
// answer; kInvalidArgument: the peer breaks the protocol.
absl::StatusOr<std::unique_ptr<OwnedDevice>> ConnectVfioUser(
    const std::string& socket_path,
    std::shared_ptr<const UniqueFd> interrupt = nullptr);

}  // namespace oriel::capture
