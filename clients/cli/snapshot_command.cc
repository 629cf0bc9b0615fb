#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "clients/cli/commands.h"
#include "clients/cli/display_report.h"
#include "clients/cli/quantities.h"
#include "clients/cli/save_bytes.h"
#include "clients/cli/table.h"
#include "clients/cli/whole_file.h"

namespace oriel::clients {

absl::Status RunSnapshot(const SnapshotOptions& options,
                         const CommandContext& context) {
  Console& console = context.console;
  RETURN_IF_ERROR(CheckOutput(options.output, "a PNG file", console));
  ASSIGN_OR_RETURN(const std::string name,
                   context.connection.ResolveDisplay(options.display));
  v1::TakeSnapshotRequest request;
  request.set_name(name);
  request.set_max_width_px(options.max_width_px);
  request.set_without_cursor(options.no_cursor);
  ASSIGN_OR_RETURN(const v1::TakeSnapshotResponse snapshot,
                   context.connection.TakeSnapshot(request));
  if (options.output == "-") return SaveBytes("-", snapshot.png(), console);
  const bool named = !options.output.empty();
  // A name from the network is no path.
  if (!named && name.find('/') != std::string::npos) {
    return absl::InvalidArgumentError("give the file's name with -o");
  }
  const std::string path = named ? options.output : name + ".png";
  RETURN_IF_ERROR(WriteWholeFile(path, snapshot.png(), named));
  if (context.json) {
    console.out << JsonLine({{"path", path},
                             {"display", name},
                             {"width_px", snapshot.width_px()},
                             {"height_px", snapshot.height_px()},
                             {"bytes", snapshot.png().size()},
                             {"exact", snapshot.exact()}});
  } else {
    console.out << absl::StrFormat("%s: %dx%d, %s%s\n", Printable(path),
                                   snapshot.width_px(), snapshot.height_px(),
                                   FormatBytes(snapshot.png().size()),
                                   snapshot.exact() ? ", exact" : "");
  }
  return Flush(console);
}

}  // namespace oriel::clients
