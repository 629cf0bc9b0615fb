#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/command_line.h"
#include "oriel/v1/device.pb.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

enum ExitCode {
  kExitOk = 0,
  kExitFailure = 1,
  kExitUsage = 2,
  kExitNoSuchDisplay = 3,
  kExitUnavailable = 4,
};

struct ListOptions {
  bool follow = false;
};
// In each of these, an empty display is the only one there is.
struct ShowOptions {
  std::string display;
};
struct SnapshotOptions {
  std::string display;
  std::string output;  // "-": standard output; empty: DISPLAY.png
  uint32_t max_width_px = 0;
  bool no_cursor = false;
};
struct RecordOptions {
  std::string display;
  std::string output;
  std::optional<std::chrono::milliseconds> duration;
  v1::Encoding encoding = v1::ENCODING_H264;
  v1::Quality quality = v1::QUALITY_UNSPECIFIED;
  bool force = false;
};
struct WatchOptions {
  std::string display;
  v1::Encoding encoding = v1::ENCODING_UNSPECIFIED;
  v1::Quality quality = v1::QUALITY_UNSPECIFIED;
  std::optional<std::chrono::milliseconds> duration;
  std::optional<uint64_t> update_count;
  bool until_exact = false;
  std::optional<std::chrono::milliseconds> timeout;  // of until_exact
  std::string output_image;                          // empty: none
};
struct DevicesOptions {};
struct EdidGetOptions {
  std::string display;
  std::string output;  // "-": standard output; empty: none
};
// Either `mode` or a `file`.
struct EdidSetOptions {
  std::string display;
  std::optional<v1::MonitorMode> mode;
  std::string monitor_name;  // with `mode`; empty: the server's choice
  std::string file;
};
struct OpRegionOptions {
  std::string display;
  // "-": standard output, one of them; both empty: it is decoded.
  std::string output;
  std::string vbt_output;
};
struct VbtOptions {
  std::string file;
};
struct ViewOptions {
  // As they were given, for oriel-viewer.
  std::vector<std::string> arguments;
};

using Command =
    std::variant<ListOptions, ShowOptions, SnapshotOptions, RecordOptions,
                 WatchOptions, ViewOptions, DevicesOptions, EdidGetOptions,
                 EdidSetOptions, OpRegionOptions, VbtOptions>;

struct Arguments {
  std::string server;  // what --server said; empty when it was not given
  bool json = false;
  Command command;
};

// `arguments` without the program's name.
std::variant<Arguments, CommandLineAnswer> ParseArguments(
    const std::vector<std::string>& arguments);

}  // namespace oriel::clients
