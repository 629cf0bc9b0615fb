#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/picture.h"

namespace oriel::clients {

// Makes or replaces the file in one step, so that nobody sees half of it;
// things that are no files, such as /dev/stdout, are written to. Unless
// `overwrite`, kAlreadyExists for what is there. Other errors are kInternal.
absl::Status WriteWholeFile(const std::string& path, const std::string& bytes,
                            bool overwrite);

// The picture as a PNG file of eight-bit RGB. kInternal.
absl::StatusOr<std::string> EncodePng(const PictureView& picture);

}  // namespace oriel::clients
