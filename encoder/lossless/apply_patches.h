#pragma once

#include <algorithm>
#include <cstddef>
#include <variant>
#include <vector>

#include "base/picture/picture.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {

// Applies patches by the rules of streaming.proto, and expects that they keep
// those rules. For tests of what makes patches; a client does more.
Picture Apply(const Picture& base, const std::vector<Patch>& patches);

inline size_t PayloadBytes(const EncodeResult& result) {
  size_t sum = 0;
  for (const Patch& patch : result.patches) {
    if (patch.payload != nullptr) sum += patch.payload->size();
  }
  return sum;
}

template <typename Kind>
size_t CountOf(const EncodeResult& result) {
  return std::count_if(result.patches.begin(), result.patches.end(),
                       [](const Patch& patch) {
                         return std::holds_alternative<Kind>(patch.kind);
                       });
}

}  // namespace oriel::encoder
