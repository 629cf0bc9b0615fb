#pragma once

#include <array>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "capture/igd/block_table.h"

namespace oriel::capture::igd {

// What the LFP data (block 42) holds for one of the 16 panels.
struct LfpPanel {
  Bytes dtd;
  Bytes pnp_id;
  Bytes name;  // empty in old tables
};

using LfpPanels = std::array<LfpPanel, layout::kPanelCount>;

// By the pointers of block 41, or by the usual layout where newer tables have
// none. kNotFound: there is no LFP data. kInvalidArgument says which pointer
// is wrong.
absl::StatusOr<LfpPanels> FindLfpPanels(const BlockTable& blocks,
                                        uint16_t bdb_version);

}  // namespace oriel::capture::igd
