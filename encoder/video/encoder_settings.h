#pragma once

#include <array>
#include <span>
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
  std::vector<std::pair<const char*, const char*>> options;
  // Beside those, when it has more than one thread.
  std::vector<std::pair<const char*, const char*>> threaded_options = {};
};

// Every encoder that Oriel can use, hardware before software.
std::span<const EncoderSettings> AllEncoderSettings();

const char* QualityValue(const EncoderSettings& settings, Quality quality);

}  // namespace oriel::encoder
