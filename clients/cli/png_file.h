#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/picture/picture.h"

namespace oriel::clients {

// The picture as a PNG file of eight-bit RGB. kInternal.
absl::StatusOr<std::string> EncodePng(const PictureView& picture);

// kInvalidArgument: the name of a PNG file to make ends as that of a file of
// another kind. Any other ending is the user's choice.
absl::Status CheckPngName(const std::string& path);

}  // namespace oriel::clients
