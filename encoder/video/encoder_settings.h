#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "encoder/update.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {

enum class InputFormat {
  kPlanar,  // as YuvPicture has it
  kNv12,    // 4:2:0 with both chroma planes in one
  kVaapi,   // kNv12, in the GPU's memory
};

// How FFmpeg's encoder `name` is set for pictures that leave at once.
struct EncoderSettings {
  const char* name;
  VideoCodec codec;
  const char* label;  // after the name in descriptions
  bool hardware = false;
  bool has_444 = false;
  // A GPU that VA knows is needed, or trying makes no sense.
  bool needs_va = false;
  InputFormat input = InputFormat::kPlanar;
  // An option of FFmpeg's and its values for low, medium and high quality.
  const char* quality_option;
  std::array<const char*, 3> qualities;
  // What is added to the value for each halving of the plane that leads to an
  // area, so that its pixels look as they would in a picture of the whole.
  double per_halving = 0;
  std::vector<std::pair<const char*, const char*>> options;
  // Beside those, when it has more than one thread.
  std::vector<std::pair<const char*, const char*>> threaded_options = {};
};

// Every encoder that Oriel can use, hardware before software.
std::span<const EncoderSettings> AllEncoderSettings();

// `area_px` of a plane of `plane_px`; 0: all of it.
std::string QualityValue(const EncoderSettings& settings, Quality quality,
                         int64_t area_px, int64_t plane_px);

}  // namespace oriel::encoder
