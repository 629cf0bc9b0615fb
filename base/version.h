#pragma once

namespace oriel {

// Of every program.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace oriel
