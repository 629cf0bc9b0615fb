#include "capture/igd/lfp_data.h"

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::capture::igd {
namespace {

// Offsets are from the start of the LFP data.
struct Pointer {
  size_t offset = 0;
  size_t size = 0;
};

struct PanelPointers {
  Pointer fp_timing;
  Pointer dtd;
  Pointer pnp_id;
};

// The pointers of block 41 count from the BDB. One that lies before the LFP
// data wraps around here and is found to be behind its end.
Pointer PointerAt(Bytes pointers, size_t at, size_t data_offset_in_bdb) {
  return {.offset = ReadLe<uint16_t>(pointers, at) - data_offset_in_bdb,
          .size = pointers[at + 2]};
}

bool Fits(const Pointer& pointer, Bytes data) {
  return pointer.offset <= data.size() &&
         pointer.size <= data.size() - pointer.offset;
}

Bytes Slice(Bytes data, const Pointer& pointer) {
  return data.subspan(pointer.offset, pointer.size);
}

// The flat panel's registers have no fixed length; they end with a terminator
// right before the DTD.
absl::Status Check(const PanelPointers& panel, Bytes data) {
  if (panel.dtd.size != layout::kDtdBytes ||
      panel.pnp_id.size != layout::kPnpIdBytes ||
      panel.fp_timing.size < layout::kMinFpTimingBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "its tables have %d, %d and %d bytes, not %d or more, %d and %d",
        panel.fp_timing.size, panel.dtd.size, panel.pnp_id.size,
        layout::kMinFpTimingBytes, layout::kDtdBytes, layout::kPnpIdBytes));
  }
  if (!Fits(panel.fp_timing, data) || !Fits(panel.dtd, data) ||
      !Fits(panel.pnp_id, data)) {
    return absl::InvalidArgumentError(
        "a table of it lies outside the LFP data (block 42)");
  }
  const size_t end = panel.fp_timing.offset + panel.fp_timing.size;
  if (end > panel.dtd.offset ||
      panel.dtd.offset + panel.dtd.size > panel.pnp_id.offset) {
    return absl::InvalidArgumentError("its tables overlap");
  }
  if (ReadLe<uint16_t>(data, panel.dtd.offset - 2) !=
      layout::kFpTimingTerminator) {
    return absl::InvalidArgumentError("there is no 0xffff before its DTD");
  }
  return absl::OkStatus();
}

absl::StatusOr<LfpPanels> FollowPointers(Bytes pointers, Bytes data,
                                         size_t data_offset_in_bdb) {
  if (pointers.size() < layout::kNamePointer ||
      pointers[0] != layout::kTablesPerPanel) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d bytes, not %d or more, for 3 tables a panel (it says %d)",
        pointers.size(), layout::kNamePointer,
        pointers.empty() ? 0 : pointers[0]));
  }
  LfpPanels panels;
  size_t first_dtd = 0;
  size_t distance = 0;
  for (size_t i = 0; i < panels.size(); ++i) {
    const size_t at = layout::kFirstPointer +
                      i * layout::kTablesPerPanel * layout::kPointerBytes;
    const PanelPointers panel = {
        .fp_timing = PointerAt(pointers, at, data_offset_in_bdb),
        .dtd =
            PointerAt(pointers, at + layout::kPointerBytes, data_offset_in_bdb),
        .pnp_id = PointerAt(pointers, at + 2 * layout::kPointerBytes,
                            data_offset_in_bdb)};
    const absl::Status checked = Check(panel, data);
    if (!checked.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("panel %d: %s", i, std::string(checked.message())));
    }
    if (i == 0) first_dtd = panel.dtd.offset;
    if (i == 1) distance = panel.dtd.offset - first_dtd;
    if (panel.dtd.offset - first_dtd != i * distance) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "panel %d: not as far from the one before as the others", i));
    }
    panels[i] = {Slice(data, panel.dtd), Slice(data, panel.pnp_id), {}};
  }
  if (pointers.size() < layout::kNamePointer + layout::kPointerBytes) {
    return panels;
  }
  Pointer name = PointerAt(pointers, layout::kNamePointer, data_offset_in_bdb);
  if (name.size != layout::kPanelNameBytes) return panels;
  for (LfpPanel& panel : panels) {
    if (Fits(name, data)) panel.name = Slice(data, name);
    name.offset += name.size;
  }
  return panels;
}

absl::StatusOr<LfpPanels> AssumeLayout(Bytes data) {
  constexpr size_t kPanelBytes =
      layout::kDefaultFpTimingBytes + layout::kDtdBytes + layout::kPnpIdBytes;
  constexpr size_t kNames = kPanelBytes * layout::kPanelCount;
  if (data.size() < kNames) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "missing, and the LFP data's %d bytes are too few for the usual layout",
        data.size()));
  }
  LfpPanels panels;
  const bool has_names =
      data.size() >= kNames + layout::kPanelNameBytes * layout::kPanelCount;
  for (size_t i = 0; i < panels.size(); ++i) {
    const size_t dtd = i * kPanelBytes + layout::kDefaultFpTimingBytes;
    panels[i].dtd = data.subspan(dtd, layout::kDtdBytes);
    panels[i].pnp_id =
        data.subspan(dtd + layout::kDtdBytes, layout::kPnpIdBytes);
    if (has_names) {
      panels[i].name = data.subspan(kNames + i * layout::kPanelNameBytes,
                                    layout::kPanelNameBytes);
    }
  }
  return panels;
}

}  // namespace

absl::StatusOr<LfpPanels> FindLfpPanels(const BlockTable& blocks,
                                        uint16_t bdb_version) {
  const std::optional<Bytes> data = blocks.Find(layout::kLfpData);
  if (!data) return absl::NotFoundError("no LFP data (block 42)");
  const std::optional<Bytes> pointers = blocks.Find(layout::kLfpDataPointers);
  if (pointers) {
    return FollowPointers(*pointers, *data, blocks.OffsetInBdb(*data));
  }
  if (bdb_version < layout::kFirstVersionWithoutPointers) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "missing, and BDB %d has no usual layout", bdb_version));
  }
  return AssumeLayout(*data);
}

}  // namespace oriel::capture::igd
