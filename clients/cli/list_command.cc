#include <memory>

#include "base/status_macros.h"
#include "clients/cli/commands.h"
#include "clients/cli/display_report.h"
#include "clients/cli/table.h"

namespace oriel::clients {
namespace {

std::string EventText(const v1::WatchDisplaysResponse& event,
                      const CommandContext& context) {
  const bool coloured = context.console.coloured_out();
  if (event.has_display()) {
    if (!context.json) return DisplayLine(event.display(), coloured);
    return JsonLine(
        {{"event", "display"}, {"display", DisplayJson(event.display())}});
  }
  if (event.event_case() == v1::WatchDisplaysResponse::kRemovedName) {
    if (!context.json) return Printable(event.removed_name()) + "  removed\n";
    return JsonLine({{"event", "removed"}, {"name", event.removed_name()}});
  }
  if (event.event_case() == v1::WatchDisplaysResponse::kSynced) {
    return context.json ? JsonLine({{"event", "synced"}}) : "";
  }
  return "";
}

absl::Status Follow(const CommandContext& context) {
  grpc::ClientContext call;
  context.stop.Tell([&call] { call.TryCancel(); });
  const auto reader = context.connection.display_service().WatchDisplays(
      &call, v1::WatchDisplaysRequest());
  v1::WatchDisplaysResponse event;
  absl::Status printed;
  while (printed.ok() && reader->Read(&event)) {
    context.console.out << EventText(event, context);
    printed = Flush(context.console);
  }
  if (!printed.ok()) call.TryCancel();
  const grpc::Status end = reader->Finish();
  context.stop.Tell(nullptr);
  if (context.stop.triggered()) return absl::OkStatus();
  RETURN_IF_ERROR(printed);
  RETURN_IF_ERROR(context.connection.Explain(end));
  return absl::UnavailableError("orield at " +
                                context.connection.address().text +
                                " ended the list; did it stop?");
}

}  // namespace

absl::Status RunList(const ListOptions& options,
                     const CommandContext& context) {
  if (options.follow) return Follow(context);
  ASSIGN_OR_RETURN(const std::vector<v1::Display> displays,
                   context.connection.ListDisplays());
  if (context.json) {
    nlohmann::json array = nlohmann::json::array();
    for (const v1::Display& display : displays) {
      array.push_back(DisplayJson(display));
    }
    context.console.out << JsonLine(array);
  } else if (displays.empty()) {
    context.console.err << "oriel: " << context.connection.NoDisplayText()
                        << "\n";
  } else {
    context.console.out << DisplayTable(displays,
                                        context.console.coloured_out());
  }
  return Flush(context.console);
}

}  // namespace oriel::clients
