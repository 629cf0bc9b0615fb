#pragma once

#include <cstdint>
#include <string>

namespace oriel {

// How a plane's pixels lie in memory: DRM's fourcc code and layout modifier
// (drm_fourcc.h), modifier 0 being linear.
struct PixelFormat {
  uint32_t fourcc = 0;
  uint64_t modifier = 0;

  // "XR24", "XR24 modifier 0x100000000000001"; bytes of the code that are no
  // printable ASCII are shown in hexadecimal.
  std::string ToString() const;

  friend bool operator==(const PixelFormat&, const PixelFormat&) = default;
};

// "XR24" to its code; 0 when `name` has not four characters.
uint32_t FourccFromName(const std::string& name);
std::string FourccName(uint32_t fourcc);

}  // namespace oriel
