#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "clients/cli/arguments.h"
#include "clients/cli/console.h"
#include "clients/cli/stop_signal.h"
#include "clients/lib/connection.h"

namespace oriel::clients {

// Where a command runs and how it shall print.
struct CommandContext {
  const Connection& connection;
  Console& console;
  bool json = false;
  // Ends record and watch the way they end by themselves.
  StopSignal& stop;
};

absl::Status RunList(const ListOptions& options, const CommandContext& context);
absl::Status RunShow(const ShowOptions& options, const CommandContext& context);
absl::Status RunSnapshot(const SnapshotOptions& options,
                         const CommandContext& context);
absl::Status RunRecord(const RecordOptions& options,
                       const CommandContext& context);
absl::Status RunWatch(const WatchOptions& options,
                      const CommandContext& context);
absl::Status RunDevices(const DevicesOptions& options,
                        const CommandContext& context);
absl::Status RunEdidGet(const EdidGetOptions& options,
                        const CommandContext& context);
absl::Status RunEdidSet(const EdidSetOptions& options,
                        const CommandContext& context);
absl::Status RunOpRegion(const OpRegionOptions& options,
                         const CommandContext& context);

// Becomes oriel-viewer, the one beside this program or on the PATH; returns
// only to say why not.
absl::Status RunView(const ViewOptions& options, const std::string& server);

// Needs no server. Errors name the file.
absl::Status RunVbt(const VbtOptions& options, bool json, Console& console);

// Call it right after a write, whose errno it tells. kCancelled, without text:
// the reader of standard output has gone; kInternal: it cannot be written.
absl::Status Flush(Console& console);

// kInvalidArgument is the command line's fault here.
ExitCode ExitCodeOf(const absl::Status& status);

// The whole program but for process-wide settings: parses, runs, prints
// errors. `arguments` without the program's name.
int RunOriel(const std::vector<std::string>& arguments, Console& console,
             StopSignal& stop);

}  // namespace oriel::clients
