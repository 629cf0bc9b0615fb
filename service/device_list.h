#pragma once

#include <vector>

#include "capture/discovery/inventory.h"
#include "encoder/video/probe.h"
#include "oriel/config/v1/config.pb.h"
#include "oriel/v1/device.pb.h"
#include "service/offers/offer_book.h"
#include "service/session/display_registry.h"

namespace oriel::service {

// What ListDevices answers: the host's devices, who lends them, which display
// shows them; then those that sysfs does not list: on loan but unattributed,
// handed over by a launcher, and vfio-user peers of the configuration.
v1::ListDevicesResponse MakeDeviceList(
    const std::vector<capture::HostDevice>& host,
    const std::vector<offers::LentDevice>& lent,
    const std::vector<session::DisplayStatus>& displays,
    const config::v1::Config& config);

// For ListDevicesResponse.video_encoders.
v1::VideoEncoder ToProto(const encoder::EncoderProbe& probe);

}  // namespace oriel::service
