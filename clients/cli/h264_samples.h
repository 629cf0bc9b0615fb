#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oriel::clients {

struct AccessUnit {
  std::string bytes;  // Annex B, parameter sets in each keyframe
  bool keyframe = false;
};

// A moving pattern through libx264, one access unit a picture; a keyframe
// first and then every `keyframe_interval`. Empty when libx264 is missing.
std::vector<AccessUnit> EncodeH264Samples(int width_px, int height_px,
                                          int count,
                                          int keyframe_interval = 1000);

}  // namespace oriel::clients
