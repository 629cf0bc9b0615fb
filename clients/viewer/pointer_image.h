#pragma once

#include "base/picture/picture.h"
#include "base/picture/rect.h"

namespace oriel::clients {

// A pointer's shape, straight-alpha BGRA, made smaller by averaging: what is
// transparent gives no colour. `to` is not empty and in no direction larger
// than the shape.
Picture ShrinkPointer(const Picture& shape, Size to);

}  // namespace oriel::clients
