#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/igd/vbt.h"

namespace oriel::capture::igd {

// What stands in the LFP data for one panel.
struct LfpEntry {
  PanelMode mode;
  std::vector<uint8_t> pnp_id;  // ten bytes, or empty
  std::string name;             // cut off at 13
};

// Makes VBTs as firmware does. Blocks follow each other in the order of the
// calls. Thread-compatible.
class VbtBuilder {
 public:
  explicit VbtBuilder(uint16_t bdb_version);

  // At most 20 bytes with the "$VBT" in front.
  VbtBuilder& SetName(const std::string& name);
  // Block 2. Children are cut off or filled with zeros to `child_bytes`, the
  // size for this BDB version unless it is given.
  VbtBuilder& AddChildren(const std::vector<ChildDevice>& children,
                          std::optional<uint8_t> child_bytes = std::nullopt);
  // Block 11.
  VbtBuilder& AddLegacyChildren(const std::vector<ChildDevice>& children,
                                uint8_t child_bytes);
  // Block 40.
  VbtBuilder& AddLfpOptions(uint8_t panel_type);
  // Block 42, and block 41 before it when `with_pointers`. At least one entry;
  // panels without one get the first.
  VbtBuilder& AddLfpData(const std::vector<LfpEntry>& entries,
                         bool with_pointers = true);
  // Block 58 with an entry for each mode.
  VbtBuilder& AddGenericDtds(const std::vector<PanelMode>& modes);
  VbtBuilder& AddBlock(uint8_t id, std::span<const uint8_t> data);
  // The BDB's size leaves out the last byte, as in every second real table.
  VbtBuilder& ShortenBdb();

  std::vector<uint8_t> Build() const;

 private:
  size_t bdb_bytes() const;

  const uint16_t bdb_version_;
  std::string name_ = "ORIEL";
  size_t missing_bdb_bytes_ = 0;
  std::vector<uint8_t> blocks_;
};

}  // namespace oriel::capture::igd
