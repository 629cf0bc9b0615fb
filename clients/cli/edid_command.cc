#include <cstdint>
#include <span>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/edid/edid.h"
#include "clients/cli/commands.h"
#include "clients/cli/display_report.h"
#include "clients/cli/edid_report.h"
#include "clients/cli/quantities.h"
#include "clients/cli/save_bytes.h"
#include "clients/cli/table.h"
#include "clients/cli/whole_file.h"

namespace oriel::clients {
namespace {

namespace edid = capture::edid;

absl::StatusOr<std::string> ReadEdid(const std::string& path) {
  ASSIGN_OR_RETURN(
      const std::vector<uint8_t> bytes,
      ReadWholeFile(path, edid::kMaxEdidBytes,
                    "has more than 32 KiB: that is no EDID alone"));
  const absl::Status whole = edid::CheckEdid(bytes);
  if (!whole.ok()) {
    return absl::DataLossError(
        absl::StrFormat("cannot plug in %s: %s; nothing was changed", path,
                        std::string(whole.message())));
  }
  return std::string(bytes.begin(), bytes.end());
}

absl::Status Save(const v1::GetEdidResponse& response, const std::string& name,
                  const std::string& output, const CommandContext& context) {
  if (response.edid().empty()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s has no EDID yet, so nothing was written; oriel edid set plugs a "
        "monitor in",
        name));
  }
  RETURN_IF_ERROR(SaveBytes(output, response.edid(), context.console));
  if (output == "-") return absl::OkStatus();
  if (!context.json) {
    context.console.out << absl::StrFormat("%s: %d bytes\n", Printable(output),
                                           response.edid().size());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunEdidGet(const EdidGetOptions& options,
                        const CommandContext& context) {
  RETURN_IF_ERROR(CheckOutput(options.output, "an EDID", context.console));
  ASSIGN_OR_RETURN(const std::string name,
                   context.connection.ResolveDisplay(options.display));
  ASSIGN_OR_RETURN(const v1::GetEdidResponse response,
                   context.connection.GetEdid(name));
  const bool saves = !options.output.empty();
  if (saves) RETURN_IF_ERROR(Save(response, name, options.output, context));
  if (context.json) {
    nlohmann::json json = EdidJson(response);
    json["display"] = name;
    if (saves) json["path"] = options.output;
    context.console.out << JsonLine(json);
  } else if (!saves) {
    context.console.out << EdidDetails(response,
                                       context.console.coloured_out());
  }
  return Flush(context.console);
}

absl::Status RunEdidSet(const EdidSetOptions& options,
                        const CommandContext& context) {
  v1::SetEdidRequest request;
  if (options.mode) {
    *request.mutable_mode() = *options.mode;
    request.set_monitor_name(options.monitor_name);
  } else {
    ASSIGN_OR_RETURN(*request.mutable_edid(), ReadEdid(options.file));
  }
  ASSIGN_OR_RETURN(const std::string name,
                   context.connection.ResolveDisplay(options.display));
  request.set_display(name);
  ASSIGN_OR_RETURN(const v1::SetEdidResponse response,
                   context.connection.SetEdid(request));
  if (context.json) {
    nlohmann::json json = MonitorJson(response.edid());
    json["display"] = name;
    context.console.out << JsonLine(json);
  } else {
    std::vector<TableRow> rows = {{"display:", Printable(name)}};
    for (TableRow& row : MonitorRows(response.edid())) {
      rows.push_back(std::move(row));
    }
    context.console.out << FormatTable(rows);
  }
  return Flush(context.console);
}

}  // namespace oriel::clients
