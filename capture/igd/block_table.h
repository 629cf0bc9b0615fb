#pragma once

#include <optional>

#include "capture/igd/layout.h"
#include "capture/igd/little_endian.h"
#include "capture/igd/vbt.h"

namespace oriel::capture::igd {

// A VBT's bytes and where its blocks are; all of them lie inside `table`.
// Borrows both. Thread-compatible.
class BlockTable {
 public:
  BlockTable(Bytes table, size_t bdb_offset_bytes,
             const std::vector<VbtBlock>& blocks)
      : table_(table), bdb_offset_bytes_(bdb_offset_bytes), blocks_(blocks) {}

  // The data of the first block with this id, as firmware's readers choose.
  std::optional<Bytes> Find(uint8_t id) const {
    for (const VbtBlock& block : blocks_) {
      if (block.id == id) {
        return table_.subspan(block.offset_bytes + layout::kBlockHeaderBytes,
                              block.size_bytes);
      }
    }
    return std::nullopt;
  }

  // Where `data`, which Find returned, starts, counted from the BDB.
  size_t OffsetInBdb(Bytes data) const {
    return static_cast<size_t>(data.data() - table_.data()) - bdb_offset_bytes_;
  }

 private:
  const Bytes table_;
  const size_t bdb_offset_bytes_;
  const std::vector<VbtBlock>& blocks_;
};

}  // namespace oriel::capture::igd
