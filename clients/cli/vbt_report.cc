#include "clients/cli/vbt_report.h"

#include <cstring>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "clients/cli/table.h"

namespace oriel::clients {
namespace {

namespace igd = capture::igd;
using Rows = std::vector<TableRow>;

bool StartsWith(std::span<const uint8_t> bytes, const std::string& text) {
  return bytes.size() >= text.size() &&
         std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

std::string YesOrDash(bool yes) { return yes ? "yes" : "-"; }

std::string Joined(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) {
    joined += (joined.empty() ? "" : ", ") + word;
  }
  return joined.empty() ? "-" : joined;
}

nlohmann::json OrNull(const std::string& text) {
  return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

nlohmann::json OrNull(const std::optional<uint8_t>& number) {
  return number ? nlohmann::json(*number) : nlohmann::json();
}

std::vector<std::string> Problems(const VbtFile& file) {
  std::vector<std::string> problems;
  if (file.op_region) problems = file.op_region->problems;
  if (file.vbt) {
    problems.insert(problems.end(), file.vbt->problems.begin(),
                    file.vbt->problems.end());
  }
  return problems;
}

nlohmann::json ModeJson(const igd::PanelMode& mode) {
  return {{"width_px", mode.width_px},
          {"height_px", mode.height_px},
          {"pixel_clock_khz", mode.pixel_clock_khz},
          {"total_width_px", mode.total_width_px},
          {"total_height_px", mode.total_height_px},
          {"h_sync_start_px", mode.h_sync_start_px},
          {"h_sync_end_px", mode.h_sync_end_px},
          {"v_sync_start_px", mode.v_sync_start_px},
          {"v_sync_end_px", mode.v_sync_end_px},
          {"block", mode.from_generic_dtd ? 58 : 42},
          {"bios_default", igd::IsBiosDefault(mode)}};
}

nlohmann::json ChildJson(const igd::ChildDevice& child) {
  return {{"handle", child.handle},
          {"device_type", child.device_type},
          {"dvo_port", child.dvo_port},
          {"ddc_pin", child.ddc_pin},
          {"aux_channel", child.aux_channel},
          {"kind", igd::ConnectorKind(child)},
          {"port", OrNull(igd::PortLetter(child))},
          {"internal", igd::IsInternal(child)},
          {"hotplug", igd::HasHotplug(child)},
          {"usb_type_c", child.usb_type_c},
          {"thunderbolt", child.thunderbolt},
          {"legacy", child.legacy}};
}

nlohmann::json OpRegionJson(const igd::OpRegion& op_region) {
  const igd::OpRegionHeader& header = op_region.header;
  return {{"major", header.major},
          {"minor", header.minor},
          {"revision", header.revision},
          {"size_kib", header.size_kib},
          {"mailboxes", igd::MailboxNames(header.mailboxes)},
          {"bios_version", header.bios_version},
          {"video_bios_version", header.video_bios_version},
          {"headless", header.headless},
          {"vbt_offset", op_region.vbt_offset_bytes},
          {"panel_edid_bytes", op_region.panel_edid.size()}};
}

void AddOpRegion(const igd::OpRegion& op_region, Rows& rows) {
  const igd::OpRegionHeader& header = op_region.header;
  rows.push_back(
      {"OpRegion:",
       absl::StrFormat("version %d.%d, %d KiB%s", header.major, header.minor,
                       header.size_kib, header.headless ? ", headless" : "")});
  rows.push_back({"mailboxes:", Joined(igd::MailboxNames(header.mailboxes))});
  rows.push_back({"BIOS:", OrDash(header.bios_version)});
  rows.push_back({"video BIOS:", OrDash(header.video_bios_version)});
  rows.push_back(
      {"panel EDID:",
       op_region.panel_edid.empty()
           ? "-"
           : absl::StrFormat("%d bytes", op_region.panel_edid.size())});
}

std::string PanelText(const igd::Vbt& vbt) {
  if (!vbt.panel_type) return "-";
  std::string text = absl::StrFormat("%d", *vbt.panel_type);
  if (vbt.panel_number && vbt.panel_number != vbt.panel_type) {
    text += absl::StrFormat(", by its EDID %d", *vbt.panel_number);
  }
  return vbt.panel_name.empty() ? text
                                : text + ", " + Printable(vbt.panel_name);
}

std::string ModeText(const igd::Vbt& vbt) {
  if (!vbt.panel_mode) return "-";
  const igd::PanelMode& mode = *vbt.panel_mode;
  return absl::StrFormat(
      "%dx%d at %.2f Hz, %.2f MHz, in all %dx%d (block %d%s)", mode.width_px,
      mode.height_px, igd::RefreshHz(mode), mode.pixel_clock_khz / 1000.0,
      mode.total_width_px, mode.total_height_px,
      mode.from_generic_dtd ? 58 : 42,
      igd::IsBiosDefault(mode)
          ? "; BIOS default, the panel's EDID has the real one"
          : "");
}

void AddVbt(const igd::Vbt& vbt, Rows& rows) {
  rows.push_back(
      {"VBT:",
       OrDash(vbt.name) + absl::StrFormat(", version %d.%02d, %d bytes",
                                          vbt.version / 100, vbt.version % 100,
                                          vbt.size_bytes)});
  rows.push_back({"BDB:", absl::StrFormat("version %d, %d block%s",
                                          vbt.bdb_version, vbt.blocks.size(),
                                          vbt.blocks.size() == 1 ? "" : "s")});
  rows.push_back({"panel:", PanelText(vbt)});
  rows.push_back({"mode:", ModeText(vbt)});
}

std::string AuxText(const igd::ChildDevice& child) {
  return child.aux_channel == 0 ? "-"
                                : absl::StrFormat("0x%02x", child.aux_channel);
}

std::string ConnectorTable(const igd::Vbt& vbt, bool coloured) {
  Rows rows = {TitleRow({"CONNECTOR", "PORT", "HANDLE", "TYPE", "DVO", "DDC",
                         "AUX", "INTERNAL", "HOTPLUG", "TYPE-C"},
                        coloured)};
  for (const igd::ChildDevice& child : vbt.children) {
    const std::string name = igd::HandleName(child, vbt.bdb_version);
    rows.push_back(
        {igd::ConnectorKind(child) + (child.legacy ? " (legacy)" : ""),
         OrDash(igd::PortLetter(child)),
         absl::StrFormat("0x%x%s", child.handle,
                         name.empty() ? "" : " (" + name + ")"),
         absl::StrFormat("0x%04x", child.device_type),
         absl::StrFormat("%d", child.dvo_port),
         absl::StrFormat("%d", child.ddc_pin), AuxText(child),
         YesOrDash(igd::IsInternal(child)), YesOrDash(igd::HasHotplug(child)),
         child.thunderbolt ? "thunderbolt" : YesOrDash(child.usb_type_c)});
  }
  return FormatTable(rows);
}

std::string BlockTable(const igd::Vbt& vbt, bool coloured) {
  Rows rows = {TitleRow({"BLOCK", "OFFSET", "BYTES"}, coloured)};
  for (const igd::VbtBlock& block : vbt.blocks) {
    rows.push_back({absl::StrFormat("%d", block.id),
                    absl::StrFormat("0x%x", block.offset_bytes),
                    absl::StrFormat("%d", block.size_bytes)});
  }
  return FormatTable(rows);
}

}  // namespace

absl::StatusOr<VbtFile> DecodeOpRegion(std::span<const uint8_t> bytes) {
  absl::StatusOr<igd::OpRegion> op_region = igd::ParseOpRegion(bytes);
  if (!op_region.ok()) {
    return absl::DataLossError(std::string(op_region.status().message()));
  }
  VbtFile file;
  file.vbt = op_region->vbt;
  file.vbt_offset_bytes = op_region->vbt_offset_bytes;
  file.op_region = *std::move(op_region);
  return file;
}

absl::StatusOr<VbtFile> DecodeVbtFile(std::span<const uint8_t> bytes) {
  if (StartsWith(bytes, "IntelGraphicsMem")) {
    absl::StatusOr<VbtFile> file = DecodeOpRegion(bytes);
    if (file.ok() && !file->vbt) {
      return absl::DataLossError(Joined(file->op_region->problems));
    }
    return file;
  }
  if (bytes.empty()) return absl::DataLossError("it is empty");
  absl::StatusOr<igd::FoundVbt> found = igd::FindVbt(bytes);
  if (!found.ok()) {
    return absl::DataLossError(std::string(found.status().message()));
  }
  VbtFile file;
  file.vbt = std::move(found->vbt);
  file.vbt_offset_bytes = found->offset_bytes;
  return file;
}

nlohmann::json VbtJson(const VbtFile& file) {
  const igd::Vbt vbt = file.vbt.value_or(igd::Vbt());
  nlohmann::json children = nlohmann::json::array();
  for (const igd::ChildDevice& child : vbt.children) {
    children.push_back(ChildJson(child));
  }
  nlohmann::json blocks = nlohmann::json::array();
  for (const igd::VbtBlock& block : vbt.blocks) {
    blocks.push_back({{"id", block.id},
                      {"offset", block.offset_bytes},
                      {"size", block.size_bytes}});
  }
  nlohmann::json json = {
      {"vbt_offset", file.vbt_offset_bytes},
      {"name", vbt.name},
      {"version", vbt.version},
      {"size", vbt.size_bytes},
      {"bdb_version", vbt.bdb_version},
      {"panel_type", OrNull(vbt.panel_type)},
      {"panel_type2", OrNull(vbt.panel_type2)},
      {"panel_number", OrNull(vbt.panel_number)},
      {"panel_name", OrNull(vbt.panel_name)},
      {"panel_mode",
       vbt.panel_mode ? ModeJson(*vbt.panel_mode) : nlohmann::json()},
      {"children", children},
      {"blocks", blocks},
      {"problems", Problems(file)},
      {"op_region",
       file.op_region ? OpRegionJson(*file.op_region) : nlohmann::json()}};
  if (!file.vbt) {
    for (const char* field :
         {"vbt_offset", "name", "version", "size", "bdb_version"}) {
      json[field] = nullptr;
    }
  }
  return json;
}

std::string VbtDetails(const VbtFile& file, bool coloured) {
  Rows rows;
  if (file.op_region) AddOpRegion(*file.op_region, rows);
  if (file.vbt) {
    if (file.op_region || file.vbt_offset_bytes > 0) {
      rows.push_back(
          {"VBT at:", absl::StrFormat("0x%x", file.vbt_offset_bytes)});
    }
    AddVbt(*file.vbt, rows);
  } else {
    rows.push_back({"VBT:", "none"});
  }
  std::string text = FormatTable(rows);
  if (file.vbt) {
    text += "\n" +
            (file.vbt->children.empty() ? std::string("No connectors.\n")
                                        : ConnectorTable(*file.vbt, coloured)) +
            "\n" + BlockTable(*file.vbt, coloured);
  }
  const std::vector<std::string> problems = Problems(file);
  if (!problems.empty()) text += "\nProblems:\n";
  for (const std::string& problem : problems) {
    text += "  " + Printable(problem) + "\n";
  }
  return text;
}

}  // namespace oriel::clients
