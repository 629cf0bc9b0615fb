#include "base/word_options.h"

#include <algorithm>

#include "absl/strings/str_join.h"

namespace oriel {

void AddLogLevel(CLI::App& app, std::string* place) {
  static const auto* const levels =
      new std::vector<std::string>{"trace", "debug", "info", "warn", "error"};
  static constexpr char kName[] = "--log-level";
  app.add_option_function<std::string>(
         kName,
         [place](const std::string& text) {
           if (std::find(levels->begin(), levels->end(), text) ==
               levels->end()) {
             throw CLI::ValidationError(
                 DescribeWrongWord(kName, text, *levels));
           }
           *place = text;
         },
         "Log this and what is worse: " + absl::StrJoin(*levels, ", "))
      ->type_name("LEVEL")
      ->default_str(*place);
}

}  // namespace oriel
