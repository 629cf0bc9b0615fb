#include "clients/cli/edid_report.h"

#include <cstdint>
#include <optional>
#include <set>
#include <span>

#include "absl/strings/str_format.h"
#include "capture/edid/edid_info.h"
#include "clients/cli/monitor_mode.h"

namespace oriel::clients {
namespace {

namespace edid = capture::edid;

constexpr size_t kModesPerLine = 4;

absl::StatusOr<edid::EdidInfo> Parse(const std::string& bytes) {
  return edid::ParseEdid(std::span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
}

std::string Hex(const std::string& bytes) {
  std::string hex;
  for (const char byte : bytes) {
    hex += absl::StrFormat("%02x", static_cast<uint8_t>(byte));
  }
  return hex;
}

std::string ModeText(const edid::Mode& mode) {
  return FormatMode(mode.width_px, mode.height_px, mode.refresh_mhz,
                    mode.interlaced);
}

nlohmann::json ModeJson(const edid::Mode& mode) {
  return {{"width_px", mode.width_px},
          {"height_px", mode.height_px},
          {"refresh_millihz", mode.refresh_mhz},
          {"interlaced", mode.interlaced}};
}

// All that the EDID spells out, each once, the preferred one first.
std::vector<edid::Mode> Modes(const edid::EdidInfo& info) {
  std::vector<edid::Mode> modes;
  std::set<edid::Mode> seen;
  const auto add = [&](const edid::Mode& mode) {
    if (seen.insert(mode).second) modes.push_back(mode);
  };
  if (info.preferred) add(info.preferred->mode());
  for (const edid::Timing& timing : info.timings) add(timing.mode());
  for (const edid::Mode& mode : info.bare_modes) add(mode);
  return modes;
}

// The most exact that is told, in millimetres; zeroes where nothing is.
struct SizeMm {
  double width = 0, height = 0;
};

SizeMm SizeOf(const edid::EdidInfo& info) {
  if (info.exact_size) {
    return {info.exact_size->width_tenth_mm / 10.0,
            info.exact_size->height_tenth_mm / 10.0};
  }
  if (info.preferred && info.preferred->width_mm > 0 &&
      info.preferred->height_mm > 0) {
    return {double(info.preferred->width_mm),
            double(info.preferred->height_mm)};
  }
  return {info.width_cm * 10.0, info.height_cm * 10.0};
}

std::string SizeText(const edid::EdidInfo& info) {
  const SizeMm size = SizeOf(info);
  return size.width == 0
             ? "-"
             : absl::StrFormat("%g mm x %g mm", size.width, size.height);
}

void AddOtherModes(const edid::EdidInfo& info, std::vector<TableRow>& rows) {
  const std::vector<edid::Mode> modes = Modes(info);
  std::vector<std::string> lines;
  const size_t first = info.preferred ? 1 : 0;
  for (size_t i = first; i < modes.size(); ++i) {
    if ((i - first) % kModesPerLine == 0) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : ", ") + ModeText(modes[i]);
  }
  if (lines.empty()) lines.push_back("-");
  for (size_t i = 0; i < lines.size(); ++i) {
    rows.push_back({i == 0 ? "other modes:" : "", lines[i]});
  }
}

std::string LinkText(v1::MonitorLink link) {
  return link == v1::MONITOR_LINK_UP || link == v1::MONITOR_LINK_DOWN
             ? LinkName(link)
             : "unknown: nobody has set it since the device was made";
}

}  // namespace

std::string LinkName(v1::MonitorLink link) {
  switch (link) {
    case v1::MONITOR_LINK_UP:
      return "up";
    case v1::MONITOR_LINK_DOWN:
      return "down";
    default:
      return "unknown";
  }
}

std::string EdidLimitsText(const v1::EdidLimits& limits) {
  std::string text = absl::StrFormat("%d bytes", limits.max_size_bytes());
  if (limits.max_width_px() != 0 && limits.max_height_px() != 0) {
    text += absl::StrFormat(", prefers at most %dx%d", limits.max_width_px(),
                            limits.max_height_px());
  } else if (limits.max_width_px() != 0) {
    text += absl::StrFormat(", prefers at most %d px of width",
                            limits.max_width_px());
  } else if (limits.max_height_px() != 0) {
    text += absl::StrFormat(", prefers at most %d px of height",
                            limits.max_height_px());
  }
  if (limits.writable()) return text + ", writable";
  return text + ", cannot be set" +
         (limits.write_refusal().empty()
              ? ""
              : ": " + Printable(limits.write_refusal()));
}

nlohmann::json EdidLimitsJson(const v1::EdidLimits& limits) {
  return {{"max_size_bytes", limits.max_size_bytes()},
          {"max_width_px", limits.max_width_px()},
          {"max_height_px", limits.max_height_px()},
          {"writable", limits.writable()},
          {"write_refusal", limits.write_refusal()}};
}

std::vector<TableRow> MonitorRows(const std::string& bytes) {
  if (bytes.empty()) return {{"EDID:", "none is set yet"}};
  const auto info = Parse(bytes);
  if (!info.ok()) {
    return {{"EDID:", absl::StrFormat("%d bytes", bytes.size())},
            {"problem:", Printable(std::string(info.status().message()))}};
  }
  std::vector<TableRow> rows = {
      {"EDID:", absl::StrFormat("%d bytes, version %d.%d", bytes.size(),
                                info->version, info->revision)},
      {"name:", OrDash(info->name)},
      {"manufacturer:", OrDash(info->manufacturer)},
      {"size:", SizeText(*info)},
      {"preferred:", info->preferred ? ModeText(info->preferred->mode()) : "-"},
  };
  AddOtherModes(*info, rows);
  for (const std::string& text : info->texts) {
    rows.push_back({"text:", OrDash(text)});
  }
  for (const std::string& block : info->undecoded) {
    rows.push_back({"not decoded:", Printable(block)});
  }
  for (const std::string& problem : info->problems) {
    rows.push_back({"problem:", Printable(problem)});
  }
  return rows;
}

nlohmann::json MonitorJson(const std::string& bytes) {
  nlohmann::json json = {{"edid", Hex(bytes)},
                         {"name", ""},
                         {"manufacturer", ""},
                         {"preferred", nullptr},
                         {"width_mm", 0},
                         {"height_mm", 0},
                         {"texts", nlohmann::json::array()},
                         {"modes", nlohmann::json::array()},
                         {"not_decoded", nlohmann::json::array()},
                         {"problems", nlohmann::json::array()}};
  if (bytes.empty()) return json;
  const auto info = Parse(bytes);
  if (!info.ok()) {
    json["problems"].push_back(std::string(info.status().message()));
    return json;
  }
  json["name"] = info->name;
  json["manufacturer"] = info->manufacturer;
  json["width_mm"] = SizeOf(*info).width;
  json["height_mm"] = SizeOf(*info).height;
  json["texts"] = info->texts;
  json["not_decoded"] = info->undecoded;
  if (info->preferred) json["preferred"] = ModeJson(info->preferred->mode());
  for (const edid::Mode& mode : Modes(*info)) {
    json["modes"].push_back(ModeJson(mode));
  }
  json["problems"] = info->problems;
  return json;
}

std::string EdidDetails(const v1::GetEdidResponse& response, bool coloured) {
  const bool up = response.link() == v1::MONITOR_LINK_UP;
  std::vector<TableRow> rows = {
      {"link:", Coloured(LinkText(response.link()),
                         up ? Colour::kGreen : Colour::kYellow, coloured)}};
  rows.push_back({"limits:", response.has_limits()
                                 ? EdidLimitsText(response.limits())
                                 : "-"});
  for (TableRow& row : MonitorRows(response.edid())) {
    rows.push_back(std::move(row));
  }
  return FormatTable(rows);
}

nlohmann::json EdidJson(const v1::GetEdidResponse& response) {
  nlohmann::json json = MonitorJson(response.edid());
  json["link"] = LinkName(response.link());
  json["limits"] = response.has_limits() ? EdidLimitsJson(response.limits())
                                         : nlohmann::json();
  return json;
}

}  // namespace oriel::clients
