#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace CLI {
class App;
}

namespace oriel {

// What a command line asks to be printed, when that is all there is to do:
// --help, --version, or what is wrong with it.
struct CommandLineAnswer {
  int exit_code = 0;  // 0, or 2 for wrong usage
  std::string out;
  std::string err;
};

// Gives `app` its name, which is the same whatever path it was started by, and
// --version.
void NameProgram(CLI::App& app, const std::string& name);

// Reads `arguments`, without the program's name, into the places that `app`
// knows; an answer when there is nothing more to do. Every program of Oriel
// speaks through this, so that the same error reads the same. Throws nothing.
std::optional<CommandLineAnswer> ParseCommandLine(
    CLI::App& app, const std::vector<std::string>& arguments);

// What is wrong beyond the rules that `app` knows.
CommandLineAnswer UsageError(const CLI::App& app, const std::string& what);

// "'gif' is no value of --encoding; there are: h264, vp9"
std::string DescribeWrongWord(const std::string& option,
                              const std::string& text,
                              const std::vector<std::string>& known);

// "oriel edid get", as it was chosen.
std::string CommandWords(const CLI::App& app);

// All of `text`, at once. kInternal: why standard output does not take it.
absl::Status WriteToStandardOutput(const std::string& text);

// Prints the answer; the program's exit code, 1 when that failed.
int PrintAnswer(const std::string& program, const CommandLineAnswer& answer);

}  // namespace oriel
