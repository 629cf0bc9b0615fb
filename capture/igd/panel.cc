#include "capture/igd/panel.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"
#include "capture/igd/lfp_data.h"

namespace oriel::capture::igd {
namespace {

// Panel type 255: the panel is known by its EDID.
constexpr uint8_t kByPnpId = 0xFF;
// A second panel's type exists from this BDB version on.
constexpr uint16_t kFirstVersionWithPanelType2 = 212;
// Where an EDID has its manufacturer, product, serial number, week and year.
constexpr size_t kEdidPnpId = 8;
constexpr size_t kPnpIdDate = 8;

// The panel whose ID is the EDID's; else one that differs in having no date.
std::optional<uint8_t> MatchPnpId(const LfpPanels& panels, Bytes edid) {
  if (edid.size() < kEdidPnpId + layout::kPnpIdBytes) return std::nullopt;
  const Bytes wanted = edid.subspan(kEdidPnpId, layout::kPnpIdBytes);
  std::optional<uint8_t> undated;
  for (size_t i = 0; i < panels.size(); ++i) {
    const Bytes id = panels[i].pnp_id;
    if (std::ranges::equal(id, wanted)) return static_cast<uint8_t>(i);
    const bool dated = id[kPnpIdDate] != 0 || id[kPnpIdDate + 1] != 0;
    if (!undated && !dated &&
        std::ranges::equal(id.first(kPnpIdDate), wanted.first(kPnpIdDate))) {
      undated = static_cast<uint8_t>(i);
    }
  }
  return undated;
}

// Says why there is no number.
std::optional<uint8_t> PanelNumber(const absl::StatusOr<LfpPanels>& panels,
                                   Bytes edid, Vbt& vbt) {
  if (!vbt.panel_type) return std::nullopt;
  if (*vbt.panel_type < layout::kPanelCount) return vbt.panel_type;
  if (*vbt.panel_type != kByPnpId) {
    vbt.problems.push_back(absl::StrFormat(
        "LFP options (block 40): panel type %d, there are only 0 to 15 and 255",
        *vbt.panel_type));
    return std::nullopt;
  }
  std::optional<uint8_t> number;
  if (panels.ok()) number = MatchPnpId(*panels, edid);
  if (!number) {
    vbt.problems.push_back(
        edid.empty()
            ? "LFP options (block 40): panel type 255, which the panel's EDID "
              "decides, and that is not here"
            : "LFP options (block 40): panel type 255, which the panel's EDID "
              "decides, but no panel in the LFP data (block 42) has its ID");
  }
  return number;
}

std::optional<PanelMode> GenericMode(const BlockTable& blocks, uint8_t number,
                                     Vbt& vbt) {
  const std::optional<Bytes> data = blocks.Find(layout::kGenericDtd);
  if (!data) return std::nullopt;
  if (data->size() < layout::kGenericDtdEntries ||
      ReadLe<uint16_t>(*data, 0) < layout::kGenericDtdBytes) {
    vbt.problems.push_back(absl::StrFormat(
        "generic DTDs (block 58): entries of less than %d bytes",
        layout::kGenericDtdBytes));
    return std::nullopt;
  }
  const size_t entry_bytes = ReadLe<uint16_t>(*data, 0);
  const Bytes entries = data->subspan(layout::kGenericDtdEntries);
  if (number >= entries.size() / entry_bytes) {
    vbt.problems.push_back(absl::StrFormat(
        "generic DTDs (block 58): %d entries, none for panel %d",
        entries.size() / entry_bytes, number));
    return std::nullopt;
  }
  return DecodeGenericDtd(entries.subspan(number * entry_bytes, entry_bytes));
}

}  // namespace

void DecodePanel(const BlockTable& blocks, Bytes panel_edid, Vbt& vbt) {
  if (const auto options = blocks.Find(layout::kLfpOptions);
      options && !options->empty()) {
    vbt.panel_type = (*options)[layout::kPanelType];
    if (vbt.bdb_version >= kFirstVersionWithPanelType2 &&
        options->size() > layout::kPanelType2) {
      vbt.panel_type2 = (*options)[layout::kPanelType2];
    }
  }
  const absl::StatusOr<LfpPanels> panels =
      FindLfpPanels(blocks, vbt.bdb_version);
  if (!panels.ok() && !absl::IsNotFound(panels.status())) {
    vbt.problems.push_back("LFP data pointers (block 41): " +
                           std::string(panels.status().message()));
  }
  vbt.panel_number = PanelNumber(panels, panel_edid, vbt);
  if (!vbt.panel_number) return;
  if (panels.ok()) {
    const LfpPanel& panel = (*panels)[*vbt.panel_number];
    vbt.panel_name = PrintableText(panel.name);
    vbt.panel_mode = DecodeDtd(panel.dtd);
  }
  if (vbt.bdb_version >= layout::kFirstVersionWithGenericDtd) {
    const auto generic = GenericMode(blocks, *vbt.panel_number, vbt);
    if (generic) vbt.panel_mode = generic;
  }
}

}  // namespace oriel::capture::igd
