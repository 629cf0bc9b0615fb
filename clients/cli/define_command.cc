#include "clients/cli/define_command.h"

#include "clients/cli/quantities.h"

namespace oriel::clients {

CLI::App* AddCommand(CLI::App& parent, const char* name,
                     const char* description, const char* footer, bool prints,
                     CommonOptions& common) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer(std::string(footer) + "\n" + kExitCodes);
  command
      ->add_option("--server", common.server,
                   "Where orield listens: unix:/path or host:port")
      ->type_name("ADDRESS");
  if (prints) command->add_flag("--json", common.json, "Print JSON");
  return command;
}

void AddDisplay(CLI::App* command, std::string* place) {
  command
      ->add_option("DISPLAY", *place,
                   "The display's name; may be left out when there is one")
      ->type_name("");
}

void AddDuration(CLI::App* command, const char* name, const char* description,
                 std::function<void(std::chrono::milliseconds)> store) {
  command
      ->add_option_function<std::string>(
          name,
          [store](const std::string& text) {
            const auto duration = ParseDuration(text);
            if (!duration.ok()) {
              throw CLI::ValidationError(
                  std::string(duration.status().message()));
            }
            store(*duration);
          },
          description)
      ->type_name("TIME");
}

}  // namespace oriel::clients
