#pragma once

#include <cstdint>
#include <optional>

#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// The timing of CTA-861's code (VIC). Empty: there is none, as of 0.
std::optional<Timing> CtaTiming(int code);

// The timing of HDMI's own code (HDMI VIC).
std::optional<Timing> HdmiTiming(int code);

// The size of CTA-861.6's resolution identifier (RID).
struct Resolution {
  int32_t width_px = 0;
  int32_t height_px = 0;
};
std::optional<Resolution> CtaResolution(int id);

}  // namespace oriel::capture::edid
