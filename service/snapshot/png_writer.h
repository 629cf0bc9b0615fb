#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/picture/picture.h"

namespace oriel::snapshot {

// RGB, eight bits a channel. The picture is not empty.
absl::StatusOr<std::string> WritePng(const PictureView& picture);

}  // namespace oriel::snapshot
