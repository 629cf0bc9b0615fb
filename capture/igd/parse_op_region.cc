#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/igd/layout.h"
#include "capture/igd/op_region.h"

namespace oriel::capture::igd {
namespace {

using Bytes = std::span<const uint8_t>;

// The caller has checked the bounds.
uint64_t Le(Bytes bytes, size_t offset, size_t count_bytes) {
  uint64_t value = 0;
  for (size_t i = count_bytes; i-- > 0;) value = value << 8 | bytes[offset + i];
  return value;
}

bool StartsWith(Bytes bytes, const char* text, size_t size_bytes) {
  return bytes.size() >= size_bytes &&
         std::memcmp(bytes.data(), text, size_bytes) == 0;
}

std::string PlatformName(Bytes vbt) {
  std::string name;
  for (size_t i = layout::kVbtSignatureBytes; i < layout::kVbtNameBytes; ++i) {
    const uint8_t byte = vbt[i];
    name.push_back(byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : ' ');
  }
  const size_t first = name.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return name.substr(first, name.find_last_not_of(' ') - first + 1);
}

// `data` is the block's, without its header.
std::vector<ChildDevice> ParseChildren(Bytes data) {
  std::vector<ChildDevice> children;
  if (data.size() < layout::kChildren) return children;
  const size_t child_bytes = data[layout::kChildSize];
  if (child_bytes < layout::kMinChildBytes) return children;
  for (size_t at = layout::kChildren; data.size() - at >= child_bytes;
       at += child_bytes) {
    const Bytes child = data.subspan(at, child_bytes);
    const auto type =
        static_cast<uint16_t>(Le(child, layout::kChildDeviceType, 2));
    if (type == 0) continue;
    children.push_back(
        {.handle = static_cast<uint16_t>(Le(child, layout::kChildHandle, 2)),
         .device_type = type,
         .dvo_port = child[layout::kChildDvoPort],
         .ddc_pin = child[layout::kChildDdcPin],
         .aux_channel = child[layout::kChildAuxChannel]});
  }
  return children;
}

// The size of the data of the block at `at`, whose header is inside `table`.
// Block 53 from version 3 on has its true size behind its version byte.
size_t BlockDataBytes(Bytes table, size_t at) {
  const size_t data = at + layout::kBlockHeaderBytes;
  if (table[at] == layout::kMipiSequence && table.size() - data >= 5 &&
      table[data] >= 3) {
    return Le(table, data + 1, 4);
  }
  return Le(table, at + 1, 2);
}

void WalkBlocks(Bytes table, size_t at, Vbt& vbt) {
  while (at < table.size() && table.size() - at > layout::kBlockHeaderBytes) {
    const size_t data = at + layout::kBlockHeaderBytes;
    const size_t data_bytes = BlockDataBytes(table, at);
    if (data_bytes > table.size() - data) return;
    vbt.block_ids.push_back(table[at]);
    if (table[at] == layout::kGeneralDefinitions && vbt.children.empty()) {
      vbt.children = ParseChildren(table.subspan(data, data_bytes));
    }
    at = data + data_bytes;
  }
}

}  // namespace

absl::StatusOr<OpRegionHeader> ParseOpRegionHeader(Bytes op_region) {
  if (op_region.size() < kOpRegionBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("OpRegion of %d bytes: the fixed part has %d",
                        op_region.size(), kOpRegionBytes));
  }
  if (!StartsWith(op_region, layout::kSignature, layout::kSignatureBytes)) {
    return absl::InvalidArgumentError(
        "OpRegion: bytes 0 to 15 are not \"IntelGraphicsMem\"");
  }
  OpRegionHeader header;
  header.size_kib = static_cast<uint32_t>(Le(op_region, layout::kSizeKib, 4));
  header.revision = op_region[layout::kRevision];
  header.minor = op_region[layout::kMinor];
  header.major = op_region[layout::kMajor];
  header.mailboxes =
      static_cast<uint32_t>(Le(op_region, layout::kMailboxes, 4));
  if ((header.mailboxes & kMailboxAsle) != 0 && header.major >= 2) {
    header.vbt_address = Le(op_region, layout::kVbtAddress, 8);
    header.vbt_size_bytes =
        static_cast<uint32_t>(Le(op_region, layout::kVbtSize, 4));
  }
  return header;
}

absl::StatusOr<Bytes> LocateVbt(Bytes op_region) {
  ASSIGN_OR_RETURN(const OpRegionHeader header, ParseOpRegionHeader(op_region));
  const bool relative =
      header.major > 2 || (header.major == 2 && header.minor >= 1);
  if (relative && header.vbt_size_bytes != 0 &&
      header.vbt_address >= kOpRegionBytes &&
      header.vbt_address < op_region.size()) {
    const Bytes rest = op_region.subspan(header.vbt_address);
    return rest.first(std::min<size_t>(rest.size(), header.vbt_size_bytes));
  }
  if ((header.mailboxes & kMailboxVbt) == 0) {
    return absl::NotFoundError(
        absl::StrFormat("OpRegion: no VBT (mailboxes 0x%x, VBT address 0x%x)",
                        header.mailboxes, header.vbt_address));
  }
  const size_t end = (header.mailboxes & kMailboxAsleExt) != 0
                         ? layout::kMailboxAsleExtStart
                         : kOpRegionBytes;
  return op_region.subspan(layout::kMailboxVbtStart,
                           end - layout::kMailboxVbtStart);
}

absl::StatusOr<Vbt> ParseVbt(Bytes bytes) {
  if (bytes.size() < layout::kVbtHeaderBytes ||
      !StartsWith(bytes, layout::kVbtSignature, layout::kVbtSignatureBytes)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "VBT: its %d bytes do not start with a header \"$VBT\" of %d bytes",
        bytes.size(), layout::kVbtHeaderBytes));
  }
  const size_t table_bytes = Le(bytes, layout::kVbtTableSize, 2);
  if (table_bytes < layout::kVbtHeaderBytes || table_bytes > bytes.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("VBT: byte 24 gives its size as %d, there are %d bytes",
                        table_bytes, bytes.size()));
  }
  const Bytes table = bytes.first(table_bytes);
  const size_t bdb = Le(table, layout::kVbtBdbOffset, 4);
  if (bdb > table.size() || table.size() - bdb < layout::kBdbHeaderBytes ||
      !StartsWith(table.subspan(bdb), layout::kBdbSignature,
                  layout::kBdbSignatureBytes)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "VBT: byte 28 puts the BDB at %d, where there is none", bdb));
  }
  Vbt vbt;
  vbt.name = PlatformName(table);
  vbt.version = static_cast<uint16_t>(Le(table, layout::kVbtVersion, 2));
  vbt.bdb_version =
      static_cast<uint16_t>(Le(table, bdb + layout::kBdbVersion, 2));
  const size_t header_bytes = Le(table, bdb + layout::kBdbHeaderSize, 2);
  if (header_bytes < layout::kBdbHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("VBT: the BDB's header is %d bytes, at least %d needed",
                        header_bytes, layout::kBdbHeaderBytes));
  }
  WalkBlocks(table, bdb + header_bytes, vbt);
  return vbt;
}

}  // namespace oriel::capture::igd
