#include "encoder/update_encoder.h"

namespace oriel::encoder {

absl::StatusOr<std::unique_ptr<UpdateEncoder>> MakeUpdateEncoder(
    const EncoderOptions&) {
  return absl::UnimplementedError("no encoder is built in yet");
}

}  // namespace oriel::encoder
