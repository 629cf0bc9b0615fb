#include "clients/cli/usage_error.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "base/nearest_name.h"

namespace oriel::clients {
namespace {

std::vector<std::string> FlagNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command :
       app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// "; did you mean list?", or nothing.
std::string Suggestion(const std::string& word,
                       const std::vector<std::string>& known) {
  const std::string nearest = NearestName(word, known);
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

}  // namespace

const CLI::App& ChosenCommand(const CLI::App& app) {
  const CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) {
    chosen = chosen->get_subcommands().front();
  }
  return *chosen;
}

std::string CommandWords(const CLI::App& app) {
  std::string words;
  for (const CLI::App* command = &ChosenCommand(app); command != nullptr;
       command = command->get_parent()) {
    words = command->get_name() + (words.empty() ? "" : " ") + words;
  }
  return words;
}

bool LacksCommand(const CLI::App& chosen) {
  return !CommandNames(chosen).empty();
}

std::string DescribeSurplus(const CLI::App& app) {
  const std::vector<std::string> surplus = app.remaining(true);
  if (surplus.empty()) return "surplus arguments";
  const CLI::App& chosen = ChosenCommand(app);
  const std::string flag = surplus.front().substr(0, surplus.front().find('='));
  if (flag.size() > 1 && flag.front() == '-') {
    return absl::StrFormat("unknown flag '%s'%s", flag,
                           Suggestion(flag, FlagNames(chosen)));
  }
  if (!LacksCommand(chosen)) {
    return absl::StrFormat("surplus argument '%s'", surplus.front());
  }
  const std::string before = &chosen == &app ? "" : chosen.get_name() + " ";
  return absl::StrFormat("unknown command '%s%s'%s", before, flag,
                         Suggestion(flag, CommandNames(chosen)));
}

Answer UsageError(const CLI::App& app, const std::string& what) {
  return {
      kExitUsage, "",
      absl::StrFormat("oriel: %s\nSee: %s --help\n", what, CommandWords(app))};
}

}  // namespace oriel::clients
