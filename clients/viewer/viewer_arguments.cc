#include "clients/viewer/viewer_arguments.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_format.h"
#include "base/nearest_name.h"
#include "base/version.h"
#include "clients/lib/server_address.h"
#include "clients/lib/stream_names.h"

namespace oriel::clients {
namespace {

constexpr int kExitUsage = 2;

constexpr char kFooter[] =
    "Keys: q or Esc leaves, f switches full screen, 1 shows the picture in its "
    "own size.\n\n"
    "Examples:\n"
    "  oriel-viewer vm7\n"
    "  oriel-viewer --server 127.0.0.1:7470 vm7 --stats\n"
    "  oriel-viewer vm7 --encoding h264 --fullscreen\n\n"
    "ORIEL_SERVER in the environment stands in for --server. The window says\n"
    "why there is no picture, and the viewer tries again.\n\n"
    "Exit codes: 0 closed by the user, 1 no window, 2 wrong usage, as an\n"
    "encoding that the display does not have.\n";

void Define(CLI::App& app, ViewerArguments& result, std::string& encoding,
            std::string& quality) {
  app.name("oriel-viewer");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("oriel-viewer ") + kVersion);
  // "oriel --server A view --server B": the later one is meant.
  app.add_option("--server", result.feed.server,
                 "Where orield listens: unix:/path or host:port")
      ->type_name("ADDRESS")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("DISPLAY", result.feed.display,
                 "The display's name; may be left out when there is one")
      ->type_name("");
  app.add_option("--encoding", encoding,
                 "adaptive, lossless, h264, vp9 or av1; else the server's "
                 "first")
      ->type_name("ENCODING")
      ->check(CLI::IsMember(&kEncodings));
  app.add_option("--quality", quality, "Of video: low, medium or high")
      ->type_name("QUALITY")
      ->check(CLI::IsMember(&kQualities));
  app.add_flag("--stats", result.feed.stats,
               "Show updates, bytes and decoding time each second, in the "
               "window and on standard error");
  app.add_flag("--fullscreen", result.fullscreen, "Begin in full screen");
}

ViewerAnswer UsageError(const std::string& what) {
  return {
      kExitUsage, "",
      absl::StrFormat("oriel-viewer: %s\nSee: oriel-viewer --help\n", what)};
}

std::string DescribeSurplus(const CLI::App& app) {
  const std::vector<std::string> surplus = app.remaining();
  const std::string first = surplus.empty() ? "" : surplus.front();
  if (first.empty() || first.front() != '-') {
    return absl::StrFormat("surplus argument '%s'", first);
  }
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      flags.push_back("--" + name);
    }
  }
  const std::string flag = first.substr(0, first.find('='));
  const std::string nearest = NearestName(flag, flags);
  return absl::StrFormat(
      "unknown flag '%s'%s", flag,
      nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

}  // namespace

std::variant<ViewerArguments, ViewerAnswer> ParseViewerArguments(
    const std::vector<std::string>& arguments) {
  CLI::App app{"Shows a display of a virtual GPU live in a window."};
  ViewerArguments result;
  std::string encoding;
  std::string quality;
  Define(app, result, encoding, quality);
  // CLI11 speaks through exceptions; none of them leaves this function.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForVersion&) {
    return ViewerAnswer{0, std::string("oriel-viewer ") + kVersion + "\n", ""};
  } catch (const CLI::CallForHelp&) {
    return ViewerAnswer{0, app.help(), ""};
  } catch (const CLI::ExtrasError&) {
    return UsageError(DescribeSurplus(app));
  } catch (const CLI::ParseError& error) {
    return UsageError(error.what());
  }
  if (!encoding.empty()) result.feed.encoding = kEncodings.at(encoding);
  if (!quality.empty()) result.feed.quality = kQualities.at(quality);
  result.feed.server = ChooseServer(result.feed.server);
  const auto address = ParseServerAddress(result.feed.server);
  if (!address.ok()) {
    return UsageError(std::string(address.status().message()));
  }
  return result;
}

}  // namespace oriel::clients
