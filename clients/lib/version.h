#pragma once

namespace oriel::clients {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace oriel::clients
