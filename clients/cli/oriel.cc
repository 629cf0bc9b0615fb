#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

extern "C" {
#include <libavutil/log.h>
}

#include "clients/cli/commands.h"

// The command line client; see docs/man/oriel.1.
int main(int argc, char** argv) {
  // A closed pipe and a file-size limit are errors of a write, not the end of
  // the process: a recording must be completed first.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  // Its errors come back as results, and are told once, in our words.
  av_log_set_level(AV_LOG_QUIET);
  const char* no_colour = std::getenv("NO_COLOR");
  oriel::clients::Console console{
      .out = std::cout,
      .err = std::cerr,
      .out_is_terminal = isatty(STDOUT_FILENO) == 1,
      .err_is_terminal = isatty(STDERR_FILENO) == 1,
      .colours = no_colour == nullptr || *no_colour == '\0',
  };
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  oriel::clients::StopSignal stop;
  const oriel::clients::SignalWatcher watcher(stop);
  return oriel::clients::RunOriel(arguments, console, stop);
}
