#pragma once

#include "absl/status/statusor.h"
#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// kNormal leaves a cathode ray its time to fly back, kReduced does not and so
// needs a lower pixel clock.
enum class Blanking { kReduced, kNormal };

// VESA CVT 1.1 (reduced blanking: its version 1) for `mode`, but for the width,
// which CVT would round down to a multiple of eight. The physical size is not
// told. kInvalidArgument: the mode does not fit a detailed timing (a side of 0
// or over 4095, a clock over 655.35 MHz), or its rate is not 1 to 240 Hz.
absl::StatusOr<Timing> ComputeTiming(const Mode& mode, Blanking blanking);

}  // namespace oriel::capture::edid
