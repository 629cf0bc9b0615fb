#include <algorithm>
#include <cstring>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/igd/block_table.h"
#include "capture/igd/panel.h"
#include "capture/igd/vbt.h"

namespace oriel::capture::igd {
namespace {

bool StartsWith(Bytes bytes, const char* text, size_t size_bytes) {
  return bytes.size() >= size_bytes &&
         std::memcmp(bytes.data(), text, size_bytes) == 0;
}

std::string ByteCount(size_t count) {
  return absl::StrFormat("%d byte%s", count, count == 1 ? "" : "s");
}

ChildDevice ParseChild(Bytes child, uint16_t bdb_version) {
  ChildDevice device = {
      .handle = ReadLe<uint16_t>(child, layout::kChildHandle),
      .device_type = ReadLe<uint16_t>(child, layout::kChildDeviceType),
      .dvo_port = child[layout::kChildDvoPort],
      .ddc_pin = child[layout::kChildDdcPin]};
  if (child.size() > layout::kChildAuxChannel) {
    device.aux_channel = child[layout::kChildAuxChannel];
  }
  if (child.size() > layout::kChildFlags2) {
    const uint8_t flags = child[layout::kChildFlags2];
    device.usb_type_c =
        bdb_version >= 195 && (flags & layout::kChildUsbTypeC) != 0;
    device.thunderbolt =
        bdb_version >= 209 && (flags & layout::kChildThunderbolt) != 0;
  }
  return device;
}

// Reads children of `child_bytes`, not 0, from `at` on.
void AppendChildren(Bytes data, size_t at, size_t child_bytes, bool legacy,
                    Vbt& vbt) {
  for (; data.size() - at >= child_bytes; at += child_bytes) {
    ChildDevice child =
        ParseChild(data.subspan(at, child_bytes), vbt.bdb_version);
    child.legacy = legacy;
    if (child.device_type != 0) vbt.children.push_back(child);
  }
}

void ParseLegacyChildren(Bytes data, Vbt& vbt) {
  const size_t child_bytes = data.empty() ? 0 : data[layout::kLegacyChildSize];
  if (child_bytes < layout::kLeastChildBytes) {
    vbt.problems.push_back(absl::StrFormat(
        "legacy child devices (block 11): children of %d bytes cannot be "
        "read, they have at least %d",
        child_bytes, layout::kLeastChildBytes));
    return;
  }
  if (data.size() - layout::kLegacyFirstChild < child_bytes) {
    vbt.problems.push_back(absl::StrFormat(
        "legacy child devices (block 11): %s do not hold one child of %d",
        ByteCount(data.size() - layout::kLegacyFirstChild), child_bytes));
  }
  AppendChildren(data, layout::kLegacyFirstChild, child_bytes, true, vbt);
}

void ParseChildren(const BlockTable& blocks, Vbt& vbt) {
  const auto data = blocks.Find(layout::kGeneralDefinitions);
  if (!data) {
    if (!blocks.Find(layout::kLegacyChildren)) {
      vbt.problems.push_back("no general definitions (block 2): no connectors");
    }
    return;
  }
  const ChildSizes known = KnownChildSizes(vbt.bdb_version);
  // Tables have been seen with larger children than their version should; with
  // smaller ones the fields would be other fields.
  const size_t child_bytes =
      data->size() < layout::kChildren ? 0 : (*data)[layout::kChildSize];
  const size_t readable_bytes =
      std::min(known.min_bytes, layout::kSmallestCommonChildBytes);
  if (child_bytes < readable_bytes) {
    vbt.problems.push_back(absl::StrFormat(
        "general definitions (block 2): children of %d bytes cannot be read, "
        "BDB %d has %d",
        child_bytes, vbt.bdb_version, known.min_bytes));
    return;
  }
  if (child_bytes < known.min_bytes || child_bytes > known.max_bytes) {
    vbt.problems.push_back(absl::StrFormat(
        "general definitions (block 2): children of %d bytes, where BDB %d has "
        "%d",
        child_bytes, vbt.bdb_version, known.min_bytes));
  }
  AppendChildren(*data, layout::kChildren, child_bytes, false, vbt);
}

// The size of the data of the block at `at`, whose header is inside `table`.
// Block 53 from version 3 on has its true size behind its version byte.
size_t BlockDataBytes(Bytes table, size_t at) {
  const size_t data = at + layout::kBlockHeaderBytes;
  if (table[at] == layout::kMipiSequence && table.size() - data >= 5 &&
      table[data] >= 3) {
    return ReadLe<uint32_t>(table, data + 1);
  }
  return ReadLe<uint16_t>(table, at + 1);
}

// `bdb_end` is where the BDB's header says that it ends.
void WalkBlocks(Bytes table, size_t at, size_t bdb_end, Vbt& vbt) {
  while (at < table.size() && table.size() - at > layout::kBlockHeaderBytes) {
    const size_t data = at + layout::kBlockHeaderBytes;
    const size_t data_bytes = BlockDataBytes(table, at);
    if (data_bytes > table.size() - data) {
      vbt.problems.push_back(absl::StrFormat(
          "block %d at byte %d ends %s behind the VBT: it and what may "
          "follow were left out",
          table[at], at, ByteCount(data_bytes - (table.size() - data))));
      return;
    }
    vbt.blocks.push_back(
        {.id = table[at], .offset_bytes = at, .size_bytes = data_bytes});
    if (at < bdb_end && data + data_bytes > bdb_end) {
      vbt.problems.push_back(absl::StrFormat(
          "block %d at byte %d ends %s behind the BDB; "
          "drivers that trust "
          "the BDB's size ignore it",
          table[at], at, ByteCount(data + data_bytes - bdb_end)));
    }
    at = data + data_bytes;
  }
}

absl::StatusOr<Bytes> TableOf(Bytes bytes) {
  if (bytes.size() < layout::kVbtHeaderBytes ||
      !StartsWith(bytes, layout::kVbtSignature, layout::kVbtSignatureBytes)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "VBT: its %d bytes do not start with a header \"$VBT\" of %d bytes",
        bytes.size(), layout::kVbtHeaderBytes));
  }
  const size_t size = ReadLe<uint16_t>(bytes, layout::kVbtTableSize);
  if (size < layout::kVbtHeaderBytes || size > bytes.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("VBT: byte 24 gives its size as %d, there are %d bytes",
                        size, bytes.size()));
  }
  return bytes.first(size);
}

// Where the BDB starts; its header is inside the table.
absl::StatusOr<size_t> FindBdb(Bytes table) {
  const size_t bdb = ReadLe<uint32_t>(table, layout::kVbtBdbOffset);
  if (bdb > table.size() || table.size() - bdb < layout::kBdbHeaderBytes ||
      !StartsWith(table.subspan(bdb), layout::kBdbSignature,
                  layout::kBdbSignatureBytes)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "VBT: byte 28 puts the BDB at %d, where there is none", bdb));
  }
  const size_t header = ReadLe<uint16_t>(table, bdb + layout::kBdbHeaderSize);
  if (header < layout::kBdbHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("VBT: the BDB's header is %d bytes, at least %d needed",
                        header, layout::kBdbHeaderBytes));
  }
  return bdb;
}

void CheckChecksum(Bytes table, Vbt& vbt) {
  const unsigned sum = std::accumulate(table.begin(), table.end(), 0u) & 0xFF;
  if (sum == 0) return;
  const uint8_t found = table[layout::kVbtChecksum];
  vbt.problems.push_back(absl::StrFormat(
      "the checksum (byte 26) is 0x%02x and should be 0x%02x; no driver minds",
      found, static_cast<uint8_t>(found - sum)));
}

}  // namespace

absl::StatusOr<Vbt> ParseVbt(Bytes bytes, Bytes panel_edid) {
  ASSIGN_OR_RETURN(const Bytes table, TableOf(bytes));
  ASSIGN_OR_RETURN(const size_t bdb, FindBdb(table));
  Vbt vbt;
  vbt.name = PrintableText(
      table.subspan(layout::kVbtSignatureBytes,
                    layout::kVbtNameBytes - layout::kVbtSignatureBytes));
  vbt.version = ReadLe<uint16_t>(table, layout::kVbtVersion);
  vbt.size_bytes = table.size();
  vbt.bdb_version = ReadLe<uint16_t>(table, bdb + layout::kBdbVersion);
  CheckChecksum(table, vbt);
  const size_t bdb_end = bdb + ReadLe<uint16_t>(table, bdb + layout::kBdbSize);
  if (bdb_end > table.size()) {
    vbt.problems.push_back(absl::StrFormat(
        "the BDB's size (byte %d) lets it end at byte %d, the VBT ends at %d",
        bdb + layout::kBdbSize, bdb_end, table.size()));
  }
  WalkBlocks(table, bdb + ReadLe<uint16_t>(table, bdb + layout::kBdbHeaderSize),
             bdb_end, vbt);
  const BlockTable blocks(table, bdb, vbt.blocks);
  ParseChildren(blocks, vbt);
  if (const auto legacy = blocks.Find(layout::kLegacyChildren)) {
    ParseLegacyChildren(*legacy, vbt);
  }
  DecodePanel(blocks, panel_edid, vbt);
  return vbt;
}

}  // namespace oriel::capture::igd
