#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/command_line.h"
#include "clients/viewer/feed.h"

namespace oriel::clients {

struct ViewerArguments {
  FeedOptions feed;
  bool fullscreen = false;
  // For an orield or a display that is not there yet.
  bool wait = false;
};

// `arguments` without the program's name.
std::variant<ViewerArguments, CommandLineAnswer> ParseViewerArguments(
    const std::vector<std::string>& arguments);

}  // namespace oriel::clients
