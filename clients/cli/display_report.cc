#include "clients/cli/display_report.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "clients/cli/table.h"

namespace oriel::clients {
namespace {

Colour StateColour(v1::DisplayState state) {
  switch (state) {
    case v1::DISPLAY_STATE_READY:
      return Colour::kGreen;
    case v1::DISPLAY_STATE_PLANE_OFF:
      return Colour::kYellow;
    default:
      return Colour::kRed;
  }
}

std::string StateCell(const v1::Display& display, bool coloured) {
  return Coloured(StateName(display.state()), StateColour(display.state()),
                  coloured);
}

std::string SizeCell(const v1::Display& display) {
  if (display.width_px() == 0) return "-";
  return absl::StrFormat("%dx%d", display.width_px(), display.height_px());
}

std::string EncodingNames(const v1::Display& display) {
  std::string names;
  for (const int encoding : display.encodings()) {
    names += (names.empty() ? "" : ", ") +
             EncodingName(static_cast<v1::Encoding>(encoding));
  }
  return OrDash(names);
}

}  // namespace

std::string StateName(v1::DisplayState state) {
  switch (state) {
    case v1::DISPLAY_STATE_READY:
      return "ready";
    case v1::DISPLAY_STATE_PLANE_OFF:
      return "plane-off";
    case v1::DISPLAY_STATE_UNAVAILABLE:
      return "unavailable";
    default:
      return "unknown";
  }
}

std::string EncodingName(v1::Encoding encoding) {
  switch (encoding) {
    case v1::ENCODING_ADAPTIVE:
      return "adaptive";
    case v1::ENCODING_LOSSLESS:
      return "lossless";
    case v1::ENCODING_H264:
      return "h264";
    case v1::ENCODING_VP9:
      return "vp9";
    case v1::ENCODING_AV1:
      return "av1";
    default:
      return "unknown";
  }
}

nlohmann::json DisplayJson(const v1::Display& display) {
  nlohmann::json encodings = nlohmann::json::array();
  for (const int encoding : display.encodings()) {
    encodings.push_back(EncodingName(static_cast<v1::Encoding>(encoding)));
  }
  return {
      {"name", display.name()},
      {"state", StateName(display.state())},
      {"state_reason", display.state_reason()},
      {"device", display.device()},
      {"framebuffer", display.framebuffer()},
      {"width_px", display.width_px()},
      {"height_px", display.height_px()},
      {"fourcc", display.fourcc()},
      {"encodings", encodings},
      {"viewer_count", display.viewer_count()},
  };
}

std::string JsonLine(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

std::string DisplayTable(const std::vector<v1::Display>& displays,
                         bool coloured) {
  std::vector<NotedRow> rows;
  rows.push_back({TitleRow(
      {"NAME", "STATE", "SIZE", "FORMAT", "VIEWERS", "DEVICE"}, coloured)});
  for (const v1::Display& display : displays) {
    rows.push_back({{Printable(display.name()), StateCell(display, coloured),
                     SizeCell(display), OrDash(display.fourcc()),
                     absl::StrFormat("%d", display.viewer_count()),
                     OrDash(display.device())},
                    display.state_reason()});
  }
  return FormatTable(rows);
}

std::string DisplayDetails(const v1::Display& display, bool coloured) {
  std::vector<TableRow> rows = {
      {"name:", Printable(display.name())},
      {"state:", StateCell(display, coloured)},
  };
  if (!display.state_reason().empty()) {
    rows.push_back({"reason:", Printable(display.state_reason())});
  }
  rows.push_back({"device:", OrDash(display.device())});
  rows.push_back({"framebuffer:", OrDash(display.framebuffer())});
  rows.push_back({"size:", SizeCell(display)});
  rows.push_back({"format:", OrDash(display.fourcc())});
  rows.push_back({"encodings:", EncodingNames(display)});
  rows.push_back({"viewers:", absl::StrFormat("%d", display.viewer_count())});
  return FormatTable(rows);
}

std::string DisplayLine(const v1::Display& display, bool coloured) {
  std::string line =
      absl::StrFormat("%s  %s  %s  %s  viewers %d", Printable(display.name()),
                      StateCell(display, coloured), SizeCell(display),
                      OrDash(display.fourcc()), display.viewer_count());
  if (!display.state_reason().empty()) {
    line += "  " + Printable(display.state_reason());
  }
  return line + "\n";
}

}  // namespace oriel::clients
