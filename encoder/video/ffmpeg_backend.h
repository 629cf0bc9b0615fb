#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "encoder/video/encoder_backend.h"
#include "encoder/video/encoder_settings.h"

namespace oriel::encoder {

// Access units are Annex B with parameter sets before each keyframe, VP9
// frames, AV1 temporal units; BT.709 in limited range. The codec libraries may
// run threads of their own.
// kUnimplemented: this FFmpeg has no such encoder. kUnavailable: no such
// hardware. kInternal: it did not open; each with the reason in words.
absl::StatusOr<std::unique_ptr<EncoderBackend>> OpenFfmpegBackend(
    const EncoderSettings& settings, const BackendOptions& options);

}  // namespace oriel::encoder
