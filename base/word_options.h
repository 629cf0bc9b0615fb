#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "base/command_line.h"

namespace oriel {

// An option that takes one of the words in `choices`. `choices` and `place`
// outlive the app, here and below.
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
            std::vector<std::string> known;
            for (const auto& [choice, value] : choices) known.push_back(choice);
            throw CLI::ValidationError(DescribeWrongWord(name, text, known));
          },
          description)
      ->type_name(type_name);
}

// --log-level; what `place` holds is the default.
void AddLogLevel(CLI::App& app, std::string* place);

}  // namespace oriel
