#include "base/command_line.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/nearest_name.h"
#include "base/version.h"

namespace oriel {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

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

// The deepest command that was chosen; `app` itself when none was.
const CLI::App& ChosenCommand(const CLI::App& app) {
  const CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) {
    chosen = chosen->get_subcommands().front();
  }
  return *chosen;
}

// Whether a command of this one must follow, and none did.
bool LacksCommand(const CLI::App& chosen) {
  return !CommandNames(chosen).empty();
}

// What CLI11's ExtrasError is about, in our words.
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

}  // namespace

void NameProgram(CLI::App& app, const std::string& name) {
  app.name(name);
  app.set_version_flag("--version", name + " " + kVersion);
}

std::optional<CommandLineAnswer> ParseCommandLine(
    CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  // CLI11 speaks through exceptions; none of them leaves this function.
  try {
    app.parse(reversed);
  } catch (const CLI::CallForVersion& version) {
    return CommandLineAnswer{0, std::string(version.what()) + "\n", ""};
  } catch (const CLI::CallForHelp&) {
    return CommandLineAnswer{0, app.help(), ""};
  } catch (const CLI::ExtrasError&) {
    return UsageError(app, DescribeSurplus(app));
  } catch (const CLI::RequiredError& error) {
    if (!LacksCommand(ChosenCommand(app))) {
      return UsageError(app, error.what());
    }
    // Without a command, a wrong one may be the reason.
    if (!app.remaining(true).empty()) {
      return UsageError(app, DescribeSurplus(app));
    }
    return CommandLineAnswer{kExitUsage, "",
                             absl::StrFormat("%s: no command given\n\n%s",
                                             app.get_name(), app.help())};
  } catch (const CLI::ParseError& error) {
    return UsageError(app, error.what());
  }
  return std::nullopt;
}

CommandLineAnswer UsageError(const CLI::App& app, const std::string& what) {
  return {kExitUsage, "",
          absl::StrFormat("%s: %s\nSee: %s --help\n", app.get_name(), what,
                          CommandWords(app))};
}

std::string DescribeWrongWord(const std::string& option,
                              const std::string& text,
                              const std::vector<std::string>& known) {
  return absl::StrFormat("'%s' is no value of %s; there are: %s", text, option,
                         absl::StrJoin(known, ", "));
}

std::string CommandWords(const CLI::App& app) {
  std::string words;
  for (const CLI::App* command = &ChosenCommand(app); command != nullptr;
       command = command->get_parent()) {
    words = command->get_name() + (words.empty() ? "" : " ") + words;
  }
  return words;
}

absl::Status WriteToStandardOutput(const std::string& text) {
  errno = 0;
  const bool written =
      std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (written) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat(
      "cannot write to standard output: %s", std::strerror(errno)));
}

int PrintAnswer(const std::string& program, const CommandLineAnswer& answer) {
  const absl::Status written = WriteToStandardOutput(answer.out);
  std::fputs(answer.err.c_str(), stderr);
  if (written.ok()) return answer.exit_code;
  std::fprintf(stderr, "%s: %s\n", program.c_str(),
               std::string(written.message()).c_str());
  return kExitFailure;
}

}  // namespace oriel
