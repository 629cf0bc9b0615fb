#pragma once

#include "capture/sim/canvas.h"

namespace oriel::capture::sim {

// A dusk over hills, without text.
Canvas DrawWallpaper(Size size);

}  // namespace oriel::capture::sim
