#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/picture/picture.h"

namespace oriel::clients {

// The picture as a PNG file of eight-bit RGB. kInternal.
absl::StatusOr<std::string> EncodePng(const PictureView& picture);

}  // namespace oriel::clients
