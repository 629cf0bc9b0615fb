#include "clients/viewer/viewer_arguments.h"

#include <CLI/CLI.hpp>
#include <optional>
#include <utility>

#include "base/word_options.h"
#include "clients/lib/server_address.h"
#include "clients/lib/stream_names.h"
#include "clients/viewer/keys.h"

namespace oriel::clients {
namespace {

constexpr char kFooter[] =
    "Examples:\n"
    "  oriel-viewer vm7\n"
    "  oriel-viewer --server 127.0.0.1:7470 vm7 --stats\n"
    "  oriel-viewer vm7 --encoding h264 --fullscreen\n"
    "  oriel-viewer vm7 --wait\n\n"
    "ORIEL_SERVER in the environment stands in for --server. Once the window\n"
    "is there, it says why it has no picture, and the viewer tries again.\n"
    "Oriel only shows: no key and no mouse click goes to the display.\n\n"
    "Exit codes: 0 closed by the user, 1 no window, 2 wrong usage, as an\n"
    "encoding that the display does not have, 3 no such display, 4 orield\n"
    "cannot be reached.\n";

void Define(CLI::App& app, ViewerArguments& result) {
  NameProgram(app, "oriel-viewer");
  app.footer("Keys:\n" + DescribeKeys("  ") + "\n\n" + kFooter);
  // "oriel --server A view --server B": the later one is meant.
  app.add_option("--server", result.feed.server,
                 "Where orield listens: unix:/path or host:port")
      ->type_name("ADDRESS")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("DISPLAY", result.feed.display,
                 "The display's name; may be left out when there is one")
      ->type_name("");
  AddChoice(&app, "--encoding",
            "adaptive, lossless, h264, vp9 or av1; else the server's first",
            kEncodings, "ENCODING", &result.feed.encoding);
  AddChoice(&app, "--quality", "Of video: low, medium or high", kQualities,
            "QUALITY", &result.feed.quality);
  app.add_flag("--stats", result.feed.stats,
               "Show updates, bytes and decoding time each second, in the "
               "window and on standard error");
  app.add_flag("--fullscreen", result.fullscreen, "Begin in full screen");
  app.add_flag("--wait", result.wait,
               "Wait for a display or an orield that is not there yet");
}

}  // namespace

std::variant<ViewerArguments, CommandLineAnswer> ParseViewerArguments(
    const std::vector<std::string>& arguments) {
  CLI::App app{"Shows a display of a virtual GPU live in a window."};
  ViewerArguments result;
  Define(app, result);
  if (std::optional<CommandLineAnswer> answer =
          ParseCommandLine(app, arguments)) {
    return *std::move(answer);
  }
  result.feed.server = ChooseServer(result.feed.server);
  const auto address = ParseServerAddress(result.feed.server);
  if (!address.ok()) {
    return UsageError(app, std::string(address.status().message()));
  }
  return result;
}

}  // namespace oriel::clients
