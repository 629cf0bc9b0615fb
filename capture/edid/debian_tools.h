#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// What `command` prints; a failure tells what to install.
std::string OutputOf(const std::string& command);

// What edid-decode prints of these bytes, its hexadecimal dump left out.
std::string EdidDecode(const std::vector<uint8_t>& edid,
                       const std::string& options);

// A timing as edid-decode tells it; 0 kHz: it does not tell the clock.
struct ToldTiming {
  int width_px = 0, height_px = 0;
  bool interlaced = false;
  uint32_t pixel_clock_khz = 0;
  double refresh_hz = 0;
};
std::string TextOf(const ToldTiming& timing);
ToldTiming Told(const Timing& timing);

// Timings, each once, in an order of their own.
struct ByValue {
  // Rates count as equal to five digits behind the point.
  bool operator()(const ToldTiming& a, const ToldTiming& b) const;
};
using ToldTimings = std::set<ToldTiming, ByValue>;

// Every line of `text` that tells a timing.
ToldTimings TimingsIn(const std::string& text);

// Whatever follows `label` in a line, of each such line.
std::vector<std::string> ValuesIn(const std::string& text,
                                  const std::string& label);

}  // namespace oriel::capture::edid
