#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/igd/child_device.h"
#include "capture/igd/panel_mode.h"

namespace oriel::capture::igd {

// One block of the BDB. Ids may repeat.
struct VbtBlock {
  uint8_t id = 0;
  size_t offset_bytes = 0;  // of the block's id, from the start of the VBT
  size_t size_bytes = 0;    // of the data, which begins three bytes later
  friend bool operator==(const VbtBlock&, const VbtBlock&) = default;
};

struct Vbt {
  std::string name;       // after "$VBT", trailing spaces cut off
  uint16_t version = 0;   // of the VBT's header, 100 for 1.00
  size_t size_bytes = 0;  // of the table; there may be more bytes
  uint16_t bdb_version = 0;
  std::vector<VbtBlock> blocks;  // in the order of the table
  // Children with a device type of 0 are left out; legacy ones come last.
  std::vector<ChildDevice> children;
  // Which of 16 panels is built in, 255: the one whose ID the panel's EDID has;
  // empty when the firmware does not say.
  std::optional<uint8_t> panel_type;
  std::optional<uint8_t> panel_type2;  // of a second one, from BDB 212 on
  // The rest tells of the panel with this number: panel_type, or what it
  // leads to. Empty when that is not known.
  std::optional<uint8_t> panel_number;
  std::string panel_name;
  std::optional<PanelMode> panel_mode;
  // What is wrong with the table, each a sentence with the place. Much real
  // firmware has some, and everything else was decoded all the same.
  std::vector<std::string> problems;
};

// Checks every offset and size against `vbt`, which may be longer than the
// table. Blocks are walked to the end of the VBT, not of the BDB: in every
// second table the last one, often the panel's timing, is a byte longer than
// the BDB. `panel_edid`, where the caller has one, resolves a panel type of
// 255. kInvalidArgument: no VBT at all.
absl::StatusOr<Vbt> ParseVbt(std::span<const uint8_t> vbt,
                             std::span<const uint8_t> panel_edid = {});

struct FoundVbt {
  Vbt vbt;
  size_t offset_bytes = 0;
};

// The first VBT that can be decoded anywhere in `bytes`, such as an option ROM:
// its code can hold "$VBT", too. kInvalidArgument: there is none.
absl::StatusOr<FoundVbt> FindVbt(std::span<const uint8_t> bytes);

}  // namespace oriel::capture::igd
