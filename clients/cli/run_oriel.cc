#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "clients/cli/commands.h"
#include "clients/cli/table.h"

namespace oriel::clients {
namespace {

// Of a command that needs a server.
struct Runner {
  const CommandContext& context;
  absl::Status operator()(const ListOptions& options) const {
    return RunList(options, context);
  }
  absl::Status operator()(const ShowOptions& options) const {
    return RunShow(options, context);
  }
  absl::Status operator()(const SnapshotOptions& options) const {
    return RunSnapshot(options, context);
  }
  absl::Status operator()(const RecordOptions& options) const {
    return RunRecord(options, context);
  }
  absl::Status operator()(const WatchOptions& options) const {
    return RunWatch(options, context);
  }
  absl::Status operator()(const DevicesOptions& options) const {
    return RunDevices(options, context);
  }
  absl::Status operator()(const EdidGetOptions& options) const {
    return RunEdidGet(options, context);
  }
  absl::Status operator()(const EdidSetOptions& options) const {
    return RunEdidSet(options, context);
  }
  absl::Status operator()(const OpRegionOptions& options) const {
    return RunOpRegion(options, context);
  }
  absl::Status operator()(const ViewOptions&) const { return absl::OkStatus(); }
  absl::Status operator()(const VbtOptions&) const { return absl::OkStatus(); }
};

absl::Status RunCommand(const Arguments& arguments, Console& console,
                        StopSignal& stop) {
  if (const auto* view = std::get_if<ViewOptions>(&arguments.command)) {
    return RunView(*view, arguments.server);
  }
  if (const auto* vbt = std::get_if<VbtOptions>(&arguments.command)) {
    return RunVbt(*vbt, arguments.json, console);
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection,
                   Connection::Open(ChooseServer(arguments.server)));
  const CommandContext context{*connection, console, arguments.json, stop};
  return std::visit(Runner{context}, arguments.command);
}

// The last word, and the exit code.
int Conclude(const absl::Status& status, Console& console) {
  if (!status.message().empty()) {
    // It may be what a server or a device said.
    console.err << "oriel: " << Printable(std::string(status.message()))
                << "\n";
  }
  return ExitCodeOf(status);
}

}  // namespace

absl::Status Flush(Console& console) {
  console.out.flush();
  if (console.out.good()) return absl::OkStatus();
  const int error = errno;
  if (error == EPIPE) return absl::CancelledError("");
  return absl::InternalError(absl::StrFormat(
      "cannot write to standard output: %s",
      // As PatientOutput gives up.
      error == ETIMEDOUT ? "nobody reads it" : std::strerror(error)));
}

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
      return kExitUsage;
    case absl::StatusCode::kNotFound:
      return kExitNoSuchDisplay;
    case absl::StatusCode::kUnavailable:
      return kExitUnavailable;
    default:
      return kExitFailure;
  }
}

int RunOriel(const std::vector<std::string>& arguments, Console& console,
             StopSignal& stop) {
  const std::variant<Arguments, CommandLineAnswer> parsed =
      ParseArguments(arguments);
  if (const auto* answer = std::get_if<CommandLineAnswer>(&parsed)) {
    console.out << answer->out;
    const absl::Status printed = Flush(console);
    console.err << answer->err;
    return printed.ok() ? answer->exit_code : Conclude(printed, console);
  }
  return Conclude(RunCommand(std::get<Arguments>(parsed), console, stop),
                  console);
}

}  // namespace oriel::clients
