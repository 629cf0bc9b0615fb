#pragma once

#include <string>

namespace oriel {

// Sends spdlog's default logger to stderr. Under systemd (JOURNAL_STREAM is
// set) each line starts with journald's priority prefix, <3> to <7>, and has
// no time stamp of its own. `level`: trace, debug, info, warn, error.
// False when the level is unknown; then info is used.
bool InitLogging(const std::string& level);

}  // namespace oriel
