#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "capture/igd/op_region.h"
#include "nlohmann/json.hpp"

namespace oriel::clients {

// A VBT, and the OpRegion around it when there was one; or an OpRegion without
// a VBT, whose problems say why.
struct VbtFile {
  std::optional<capture::igd::OpRegion> op_region;
  std::optional<capture::igd::Vbt> vbt;
  size_t vbt_offset_bytes = 0;  // in what was decoded
};

// A bare VBT, an OpRegion with a VBT in or behind it, or bytes with a VBT
// somewhere in them, as an option ROM. kDataLoss: there is none that can be
// read, and why.
absl::StatusOr<VbtFile> DecodeVbtFile(std::span<const uint8_t> bytes);

// An OpRegion, also one without a VBT. kDataLoss: it is none, and why.
absl::StatusOr<VbtFile> DecodeOpRegion(std::span<const uint8_t> bytes);

// The fields that oriel(1) names; without a VBT, what would
// come from it is null, or an empty array.
nlohmann::json VbtJson(const VbtFile& file);

// Several tables for people, with what is wrong at the end.
std::string VbtDetails(const VbtFile& file, bool coloured);

}  // namespace oriel::clients
