#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/display/edid_region.h"
#include "capture/edid/edid.h"
#include "capture/inspect/device_report.h"
#include "oriel/v1/device.pb.h"

namespace oriel::rpc {

// But for the read speed.
v1::GetDeviceResponse ToProto(const capture::DeviceReport& report);

v1::EdidLimits ToProto(const capture::EdidRegion& region,
                       const absl::Status& writable);

v1::MonitorLink ToProto(capture::MonitorLink link);

// kInvalidArgument: neither an EDID nor a mode, or one that no EDID can have.
absl::Status CheckSetEdid(const v1::SetEdidRequest& request);

// Of a request that has a mode.
absl::StatusOr<capture::edid::Monitor> MonitorOf(
    const v1::SetEdidRequest& request);

}  // namespace oriel::rpc
