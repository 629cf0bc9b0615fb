#include <cstdint>
#include <span>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "clients/cli/commands.h"
#include "clients/cli/display_report.h"
#include "clients/cli/quantities.h"
#include "clients/cli/save_bytes.h"
#include "clients/cli/table.h"
#include "clients/cli/vbt_report.h"

namespace oriel::clients {
namespace {

absl::Status Decode(const std::string& name,
                    const v1::GetOpRegionResponse& response,
                    const CommandContext& context) {
  const std::string& bytes = response.op_region();
  const absl::StatusOr<VbtFile> file = DecodeOpRegion(std::span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  if (!file.ok()) {
    return absl::DataLossError(absl::StrFormat(
        "cannot decode the OpRegion of %s: %s; --output FILE saves it as it is",
        name, std::string(file.status().message())));
  }
  context.console.out << (context.json
                              ? JsonLine(VbtJson(*file))
                              : VbtDetails(*file,
                                           context.console.coloured_out()));
  return Flush(context.console);
}

// Null when nothing was asked for.
nlohmann::json SavedJson(const std::string& output, const std::string& bytes) {
  if (output.empty()) return nullptr;
  return {{"path", output}, {"bytes", bytes.size()}};
}

std::string SavedLine(const std::string& output, const std::string& bytes) {
  if (output.empty()) return "";
  return absl::StrFormat("%s: %s\n", Printable(output),
                         FormatBytes(bytes.size()));
}

absl::Status Save(const std::string& name,
                  const v1::GetOpRegionResponse& response,
                  const OpRegionOptions& options,
                  const CommandContext& context) {
  if (!options.vbt_output.empty() && response.vbt().empty()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the OpRegion of %s has no VBT: %s; nothing was written, --output "
        "FILE alone saves the OpRegion",
        name,
        response.vbt_problem().empty() ? "orield does not say why"
                                       : response.vbt_problem()));
  }
  Console& console = context.console;
  if (!options.output.empty()) {
    RETURN_IF_ERROR(SaveBytes(options.output, response.op_region(), console));
  }
  if (!options.vbt_output.empty()) {
    RETURN_IF_ERROR(SaveBytes(options.vbt_output, response.vbt(), console));
  }
  if (context.json) {
    console.out << JsonLine(
        {{"display", name},
         {"op_region", SavedJson(options.output, response.op_region())},
         {"vbt", SavedJson(options.vbt_output, response.vbt())}});
    // Standard output has bytes in it otherwise.
  } else if (options.output != "-" && options.vbt_output != "-") {
    console.out << SavedLine(options.output, response.op_region())
                << SavedLine(options.vbt_output, response.vbt());
  }
  return Flush(console);
}

}  // namespace

absl::Status RunOpRegion(const OpRegionOptions& options,
                         const CommandContext& context) {
  RETURN_IF_ERROR(CheckOutput(options.output, "an OpRegion", context.console));
  RETURN_IF_ERROR(CheckOutput(options.vbt_output, "a VBT", context.console));
  ASSIGN_OR_RETURN(const std::string name,
                   context.connection.ResolveDisplay(options.display));
  ASSIGN_OR_RETURN(const v1::GetOpRegionResponse response,
                   context.connection.GetOpRegion(name));
  if (options.output.empty() && options.vbt_output.empty()) {
    return Decode(name, response, context);
  }
  return Save(name, response, options, context);
}

}  // namespace oriel::clients
