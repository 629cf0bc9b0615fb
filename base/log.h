#pragma once

#include <string>
#include <string_view>

namespace oriel {

// Sends spdlog's default logger to stderr. Under systemd (JOURNAL_STREAM is
// set) each line starts with journald's priority prefix, <3> to <7>, and has
// no time stamp of its own. `level`: trace, debug, info, warn, error.
// False when the level is unknown; then info is used.
bool InitLogging(const std::string& level);

// `text` in double quotes, as the value of a log line's field: one line, with
// quotes, backslashes, control characters and what is not UTF-8 escaped,
// because names and reasons come from devices, VMs and clients. About 1000
// bytes of it.
std::string LogText(std::string_view text);

}  // namespace oriel
