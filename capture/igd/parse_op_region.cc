#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/igd/layout.h"
#include "capture/igd/little_endian.h"
#include "capture/igd/op_region.h"

namespace oriel::capture::igd {
namespace {

constexpr size_t kEdidBlockBytes = 128;

bool NamesVbtBehind(const OpRegionHeader& header) {
  return header.vbt_address != 0 && header.vbt_size_bytes != 0;
}

// kFailedPrecondition says why the VBT that the header names outside mailbox 4
// is not there.
absl::StatusOr<Bytes> LocateVbtBehind(Bytes op_region,
                                      const OpRegionHeader& header) {
  if (!header.relative_vbt_address()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the VBT is at the physical address 0x%x (version %d.%d), which is "
        "never followed",
        header.vbt_address, header.major, header.minor));
  }
  if (header.vbt_address < kOpRegionBytes ||
      header.vbt_address >= op_region.size()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the VBT is said to be at byte 0x%x; between 0x%x and the end at 0x%x "
        "it is not",
        header.vbt_address, kOpRegionBytes, op_region.size()));
  }
  const Bytes rest = op_region.subspan(header.vbt_address);
  const Bytes named =
      rest.first(std::min<size_t>(rest.size(), header.vbt_size_bytes));
  const absl::StatusOr<Vbt> vbt = ParseVbt(named);
  if (!vbt.ok()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the VBT at byte 0x%x cannot be read: %s", header.vbt_address,
        std::string(vbt.status().message())));
  }
  return named;
}

absl::StatusOr<Bytes> LocateVbtInMailbox(Bytes op_region,
                                         const OpRegionHeader& header) {
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

void DecodeVbt(Bytes op_region, OpRegion& result) {
  const absl::StatusOr<Bytes> bytes = LocateVbt(op_region);
  if (!bytes.ok()) {
    result.problems.emplace_back(bytes.status().message());
    return;
  }
  absl::StatusOr<Vbt> vbt = ParseVbt(*bytes, result.panel_edid);
  if (!vbt.ok()) {
    result.problems.push_back("OpRegion: mailbox 4: " +
                              std::string(vbt.status().message()));
    return;
  }
  result.vbt_offset_bytes =
      static_cast<size_t>(bytes->data() - op_region.data());
  result.vbt_size_bytes = vbt->size_bytes;
  result.vbt = *std::move(vbt);
}

}  // namespace

std::vector<std::string> MailboxNames(uint32_t mailboxes) {
  static constexpr const char* kNames[] = {"ACPI", "SWSCI",    "ASLE",
                                           "VBT",  "ASLE_EXT", "BACKLIGHT"};
  std::vector<std::string> names;
  for (size_t bit = 0; bit < 32; ++bit) {
    if ((mailboxes >> bit & 1) == 0) continue;
    names.push_back(bit < std::size(kNames) ? kNames[bit]
                                            : absl::StrFormat("bit %d", bit));
  }
  return names;
}

absl::StatusOr<OpRegionHeader> ParseOpRegionHeader(Bytes op_region) {
  if (op_region.size() < kOpRegionBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("OpRegion of %d bytes: the fixed part has %d",
                        op_region.size(), kOpRegionBytes));
  }
  if (std::memcmp(op_region.data(), layout::kSignature,
                  layout::kSignatureBytes) != 0) {
    return absl::InvalidArgumentError(
        "OpRegion: bytes 0 to 15 are not \"IntelGraphicsMem\"");
  }
  OpRegionHeader header;
  header.size_kib = ReadLe<uint32_t>(op_region, layout::kSizeKib);
  header.revision = op_region[layout::kRevision];
  header.minor = op_region[layout::kMinor];
  header.major = op_region[layout::kMajor];
  header.mailboxes = ReadLe<uint32_t>(op_region, layout::kMailboxes);
  if ((header.mailboxes & kMailboxAsle) != 0 && header.major >= 2) {
    header.vbt_address = ReadLe<uint64_t>(op_region, layout::kVbtAddress);
    header.vbt_size_bytes = ReadLe<uint32_t>(op_region, layout::kVbtSize);
  }
  header.bios_version = PrintableText(
      op_region.subspan(layout::kBiosVersion, layout::kBiosVersionBytes));
  header.video_bios_version = PrintableText(op_region.subspan(
      layout::kVideoBiosVersion, layout::kVideoBiosVersionBytes));
  if (header.major > 2 || (header.major == 2 && header.minor >= 3)) {
    header.headless =
        (ReadLe<uint32_t>(op_region, layout::kPlatformConfiguration) &
         layout::kHeadlessSku) != 0;
  }
  return header;
}

absl::StatusOr<Bytes> LocateVbt(Bytes op_region) {
  ASSIGN_OR_RETURN(const OpRegionHeader header, ParseOpRegionHeader(op_region));
  if (NamesVbtBehind(header)) {
    const auto behind = LocateVbtBehind(op_region, header);
    if (behind.ok()) return behind;
  }
  return LocateVbtInMailbox(op_region, header);
}

absl::StatusOr<Bytes> LocatePanelEdid(Bytes op_region) {
  ASSIGN_OR_RETURN(const OpRegionHeader header, ParseOpRegionHeader(op_region));
  if ((header.mailboxes & kMailboxAsleExt) == 0) {
    return absl::NotFoundError("OpRegion: no mailbox 5, so no panel EDID");
  }
  const size_t blocks =
      ReadLe<uint32_t>(op_region, layout::kPanelEdidHeader) & 3;
  const Bytes edid = op_region.subspan(
      layout::kPanelEdid,
      std::min(blocks * kEdidBlockBytes, layout::kPanelEdidRoomBytes));
  if (std::ranges::all_of(edid, [](uint8_t byte) { return byte == 0; })) {
    return absl::NotFoundError("OpRegion: mailbox 5 holds no panel EDID");
  }
  return edid;
}

absl::StatusOr<OpRegion> ParseOpRegion(Bytes op_region) {
  OpRegion result;
  ASSIGN_OR_RETURN(result.header, ParseOpRegionHeader(op_region));
  if (result.header.size_kib != kOpRegionBytes / 1024) {
    result.problems.push_back(
        absl::StrFormat("OpRegion: byte 16 gives its size as %d KiB, not %d",
                        result.header.size_kib, kOpRegionBytes / 1024));
  }
  if (NamesVbtBehind(result.header)) {
    const auto behind = LocateVbtBehind(op_region, result.header);
    if (!behind.ok()) {
      result.problems.push_back("OpRegion: " +
                                std::string(behind.status().message()));
    }
  }
  if (const auto edid = LocatePanelEdid(op_region); edid.ok()) {
    result.panel_edid.assign(edid->begin(), edid->end());
  }
  DecodeVbt(op_region, result);
  return result;
}

}  // namespace oriel::capture::igd
