#pragma once

#include <string>
#include <variant>
#include <vector>

#include "clients/viewer/feed.h"

namespace oriel::clients {

struct ViewerArguments {
  FeedOptions feed;
  bool fullscreen = false;
};

// Nothing is left to do but to print: --help, --version or a usage error.
struct ViewerAnswer {
  int exit_code = 0;  // 0 or 2
  std::string out;
  std::string err;
};

// `arguments` without the program's name.
std::variant<ViewerArguments, ViewerAnswer> ParseViewerArguments(
    const std::vector<std::string>& arguments);

}  // namespace oriel::clients
