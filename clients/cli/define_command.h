#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "absl/strings/str_format.h"

namespace oriel::clients {

// Ends the help of every command.
inline constexpr char kExitCodes[] =
    "Exit codes: 0 done, 1 failure, 2 wrong usage, 3 no such display,\n"
    "4 orield or the display's device cannot be reached.\n";

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

template <typename Value>
void AddChoice(CLI::App* command, const char* name, const char* description,
               const std::map<std::string, Value>& choices,
               const char* type_name, Value* place) {
  command
      ->add_option_function<std::string>(
          name,
          [name, &choices, place](const std::string& text) {
            const auto found = choices.find(text);
            if (found != choices.end()) {
              *place = found->second;
              return;
            }
            std::string known;
            for (const auto& [choice, value] : choices) {
              known += (known.empty() ? "" : ", ") + choice;
            }
            throw CLI::ValidationError(absl::StrFormat(
                "'%s' is no value of %s; there are: %s", text, name, known));
          },
          description)
      ->type_name(type_name);
}

}  // namespace oriel::clients
