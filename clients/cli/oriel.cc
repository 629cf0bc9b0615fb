#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

extern "C" {
#include <libavutil/log.h>
}

#include "base/stop_guard.h"
#include "clients/cli/commands.h"
#include "clients/cli/patient_output.h"

// The command line client; see docs/man/oriel.1.
int main(int argc, char** argv) {
  // A closed pipe and a file-size limit are errors of a write, not the end of
  // the process: a recording must be completed first.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  // Its errors come back as results, and are told once, in our words.
  av_log_set_level(AV_LOG_QUIET);
  oriel::clients::StopSignal stop;
  const auto guard = oriel::StopGuard::Start(
      {.program = "oriel", .on_stop = [&stop] { return stop.Trigger(); }});
  if (!guard.ok()) {
    std::cerr << "oriel: " << guard.status().message() << "\n";
    return oriel::clients::kExitFailure;
  }
  const int stop_fd = (*guard)->stop_fd();
  oriel::clients::PatientOutput out_buffer(STDOUT_FILENO, stop_fd);
  oriel::clients::PatientOutput err_buffer(STDERR_FILENO, stop_fd);
  std::ostream out(&out_buffer);
  std::ostream err(&err_buffer);
  err << std::unitbuf;
  err.tie(&out);  // as std::cerr is: lines come in the order of their making
  const char* no_colour = std::getenv("NO_COLOR");
  oriel::clients::Console console{
      .out = out,
      .err = err,
      .out_is_terminal = isatty(STDOUT_FILENO) == 1,
      .err_is_terminal = isatty(STDERR_FILENO) == 1,
      .colours = no_colour == nullptr || *no_colour == '\0',
  };
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return oriel::clients::RunOriel(arguments, console, stop);
}
