#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <string>

namespace oriel::clients {

// Ends the help of every command.
inline constexpr char kExitCodes[] =
    "Exit codes: 0 done, 1 failure, 2 wrong usage, 3 no such display,\n"
    "4 orield or the display's device cannot be reached, or no picture came.\n";

// Where the options of every command go.
struct CommonOptions {
  std::string server;
  bool json = false;
};

// With --server, and, when it `prints`, with --json. `common` outlives the app.
CLI::App* AddCommand(CLI::App& parent, const char* name,
                     const char* description, const char* footer, bool prints,
                     CommonOptions& common);

// `place` outlives the command, here and below.
void AddDisplay(CLI::App* command, std::string* place);

void AddDuration(CLI::App* command, const char* name, const char* description,
                 std::function<void(std::chrono::milliseconds)> store);

}  // namespace oriel::clients
