#include "clients/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <sstream>

#include "absl/strings/str_format.h"
#include "base/nearest_name.h"
#include "base/version.h"
#include "clients/cli/quantities.h"
#include "clients/cli/recording_file.h"
#include "clients/lib/server_address.h"
#include "clients/lib/stream_names.h"

namespace oriel::clients {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 done, 1 failure, 2 wrong usage, 3 no such display,\n"
    "4 orield or the display's device cannot be reached.\n";

constexpr char kOrielFooter[] =
    "Examples:\n"
    "  oriel list\n"
    "  oriel snapshot vm7 -o vm7.png\n"
    "  oriel record vm7 -o vm7.mp4 --duration 10s\n"
    "  oriel --server 127.0.0.1:7470 watch vm7\n\n"
    "ORIEL_SERVER in the environment stands in for --server.\n";

// The command line's definition with the places its values go to.
class Definition {
 public:
  Definition();

  CLI::App& app() { return app_; }
  Arguments Result() const;
  // What is wrong beyond CLI11's rules; empty when nothing is.
  std::string Contradiction() const;

 private:
  CLI::App* AddCommand(const char* name, const char* description,
                       const char* footer, bool prints);
  void AddList();
  void AddShow();
  void AddSnapshot();
  void AddRecord();
  void AddWatch();
  void AddView();
  void AddVbt();

  CLI::App app_{"Shows what the virtual GPUs of a virtualization host show."};
  std::string server_;
  bool json_ = false;
  ListOptions list_;
  ShowOptions show_;
  SnapshotOptions snapshot_;
  RecordOptions record_;
  WatchOptions watch_;
  ViewOptions view_;
  VbtOptions vbt_;
};

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

void AddDisplay(CLI::App* command, std::string* place) {
  command
      ->add_option("DISPLAY", *place,
                   "The display's name; may be left out when there is one")
      ->type_name("");
}

Definition::Definition() {
  app_.name("oriel");
  app_.footer(std::string(kOrielFooter) + "\n" + kExitCodes);
  app_.set_version_flag("--version", std::string("oriel ") + kVersion);
  app_.add_option("--server", server_,
                  "Where orield listens: unix:/path or host:port")
      ->type_name("ADDRESS")
      ->default_str(kDefaultServer);
  app_.require_subcommand(1);
  AddList();
  AddShow();
  AddSnapshot();
  AddRecord();
  AddWatch();
  AddView();
  AddVbt();
}

CLI::App* Definition::AddCommand(const char* name, const char* description,
                                 const char* footer, bool prints) {
  CLI::App* command = app_.add_subcommand(name, description);
  command->footer(std::string(footer) + "\n" + kExitCodes);
  command
      ->add_option("--server", server_,
                   "Where orield listens: unix:/path or host:port")
      ->type_name("ADDRESS");
  if (prints) command->add_flag("--json", json_, "Print JSON");
  return command;
}

void Definition::AddList() {
  CLI::App* command = AddCommand(
      "list", "Lists the displays.",
      "Examples:\n  oriel list\n  oriel list --json\n  oriel list --follow\n",
      true);
  command->add_flag("--follow", list_.follow,
                    "Go on with a line for each change (with --json: one "
                    "object a line)");
}

void Definition::AddShow() {
  CLI::App* command = AddCommand(
      "show", "Shows all that is known of a display.",
      "Examples:\n  oriel show vm7\n  oriel show vm7 --json\n", true);
  AddDisplay(command, &show_.display);
}

void Definition::AddSnapshot() {
  CLI::App* command = AddCommand(
      "snapshot", "Takes a picture of a display as a PNG file.",
      "Examples:\n  oriel snapshot vm7 -o vm7.png\n"
      "  oriel snapshot vm7 --max-width 320 -o - > thumbnail.png\n\n"
      "A file named with -o is replaced at once when the picture is there;\n"
      "without -o, DISPLAY.png is written unless it exists.\n",
      true);
  AddDisplay(command, &snapshot_.display);
  command
      ->add_option("-o,--output", snapshot_.output,
                   "The file; - is standard output")
      ->type_name("FILE");
  command
      ->add_option("--max-width", snapshot_.max_width_px,
                   "Scale down to at most this many pixels")
      ->type_name("PIXELS")
      ->check(CLI::Range(1, 65535));
  command->add_flag("--no-cursor", snapshot_.no_cursor,
                    "Leave out a pointer that has a plane of its own");
}

void Definition::AddRecord() {
  CLI::App* command = AddCommand(
      "record", "Records a display as H.264 in an .mp4 or .mkv file.",
      "Examples:\n  oriel record vm7 -o vm7.mp4\n"
      "  oriel record vm7 -o vm7.mkv --duration 10s --quality high\n\n"
      "Ctrl-C ends the recording; the file is complete then. When the display\n"
      "changes its size, the recording goes on in FILE-2. A full disk ends "
      "the\n"
      "recording, and what was written plays. A killed recorder leaves an "
      ".mkv\n"
      "that plays; an .mp4 is complete only after its end.\n",
      true);
  AddDisplay(command, &record_.display);
  command->add_option("-o,--output", record_.output, "The file")
      ->type_name("FILE.mp4|FILE.mkv")
      ->required();
  AddDuration(command, "--duration", "End after this long, such as 10s or 2m",
              [this](auto duration) { record_.duration = duration; });
  AddChoice(command, "--quality", "low, medium or high", kQualities, "QUALITY",
            &record_.quality);
  command->add_flag("--force", record_.force, "Overwrite the file");
}

void Definition::AddWatch() {
  CLI::App* command =
      AddCommand("watch", "Prints a line for each update of a display.",
                 "Examples:\n  oriel watch vm7 --duration 10s\n"
                 "  oriel watch vm7 --encoding lossless --until-exact "
                 "--output-image vm7.png\n"
                 "  oriel watch vm7 --updates 100 --json\n",
                 true);
  AddDisplay(command, &watch_.display);
  AddChoice(command, "--encoding", "adaptive, lossless, h264, vp9 or av1",
            kEncodings, "ENCODING", &watch_.encoding);
  AddChoice(command, "--quality", "Of video: low, medium or high", kQualities,
            "QUALITY", &watch_.quality);
  AddDuration(command, "--duration", "End after this long, such as 10s or 2m",
              [this](auto duration) { watch_.duration = duration; });
  command
      ->add_option_function<uint64_t>(
          "--updates",
          [this](const uint64_t& count) { watch_.update_count = count; },
          "End after this many updates")
      ->type_name("COUNT")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 62));
  command->add_flag("--until-exact", watch_.until_exact,
                    "End when the picture equals the plane byte for byte");
  AddDuration(command, "--timeout",
              "How long --until-exact waits before it fails (30s)",
              [this](auto duration) { watch_.timeout = duration; });
  command
      ->add_option("--output-image", watch_.output_image,
                   "Write the last picture to this PNG file")
      ->type_name("FILE");
}

void Definition::AddView() {
  CLI::App* command = AddCommand(
      "view", "Opens a window with a display (runs oriel-viewer).",
      "Examples:\n  oriel view vm7\n  oriel view vm7 --stats --fullscreen\n\n"
      "All arguments are oriel-viewer's; see oriel-viewer --help.\n",
      false);
  command->prefix_command();
}

void Definition::AddVbt() {
  CLI::App* command = app_.add_subcommand(
      "vbt", "Decodes a VBT or an OpRegion in a file (needs no orield).");
  command->footer(std::string("Examples:\n"
                              "  oriel vbt /sys/kernel/debug/dri/0/i915_vbt\n"
                              "  oriel vbt opregion.bin --json\n\n") +
                  kExitCodes);
  command
      ->add_option("FILE", vbt_.file,
                   "Starts with $VBT, or is an OpRegion with all behind it")
      ->type_name("")
      ->required();
  command->add_flag("--json", json_, "Print JSON");
}

Arguments Definition::Result() const {
  Arguments result;
  result.server = server_;
  result.json = json_;
  const std::string name = app_.get_subcommands().front()->get_name();
  if (name == "list") result.command = list_;
  if (name == "show") result.command = show_;
  if (name == "snapshot") result.command = snapshot_;
  if (name == "record") result.command = record_;
  if (name == "watch") result.command = watch_;
  if (name == "vbt") result.command = vbt_;
  if (name == "view") {
    result.command = ViewOptions{app_.get_subcommands().front()->remaining()};
  }
  return result;
}

std::string Definition::Contradiction() const {
  const std::string name = app_.get_subcommands().front()->get_name();
  if (name == "snapshot" && json_ && snapshot_.output == "-") {
    return "--json and -o - both want standard output; give a file";
  }
  if (name == "record") {
    const absl::Status named = CheckRecordingName(record_.output);
    if (!named.ok()) return std::string(named.message());
  }
  const bool video = watch_.encoding == v1::ENCODING_H264 ||
                     watch_.encoding == v1::ENCODING_VP9 ||
                     watch_.encoding == v1::ENCODING_AV1;
  if (name == "watch" && watch_.until_exact && video) {
    return "--until-exact needs --encoding lossless or adaptive: video is "
           "never exact";
  }
  return "";
}

std::vector<std::string> FlagNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

// What CLI11's ExtrasError is about, in our words.
std::string DescribeSurplus(const CLI::App& app) {
  const std::vector<std::string> surplus = app.remaining(true);
  if (surplus.empty()) return "surplus arguments";
  const auto chosen = app.get_subcommands();
  const std::string flag = surplus.front().substr(0, surplus.front().find('='));
  if (flag.size() > 1 && flag.front() == '-') {
    const std::string nearest =
        NearestName(flag, FlagNames(chosen.empty() ? app : *chosen.front()));
    return absl::StrFormat(
        "unknown flag '%s'%s", flag,
        nearest.empty() ? "" : "; did you mean " + nearest + "?");
  }
  if (!chosen.empty()) {
    return absl::StrFormat("surplus argument '%s'", surplus.front());
  }
  std::vector<std::string> commands;
  for (const CLI::App* command :
       app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(command->get_name());
  }
  const std::string nearest = NearestName(flag, commands);
  return absl::StrFormat(
      "unknown command '%s'%s", flag,
      nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

Answer UsageError(const CLI::App& app, const std::string& what) {
  const auto chosen = app.get_subcommands();
  const std::string command =
      chosen.empty() ? "oriel" : "oriel " + chosen.front()->get_name();
  return {kExitUsage, "",
          absl::StrFormat("oriel: %s\nSee: %s --help\n", what, command)};
}

// CLI11 speaks through exceptions; none of them leaves this file.
std::optional<Answer> Parse(Definition& definition,
                            const std::vector<std::string>& arguments) {
  CLI::App& app = definition.app();
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForVersion&) {
    return Answer{kExitOk, std::string("oriel ") + kVersion + "\n", ""};
  } catch (const CLI::CallForHelp&) {
    return Answer{kExitOk, app.help(), ""};
  } catch (const CLI::ExtrasError&) {
    return UsageError(app, DescribeSurplus(app));
  } catch (const CLI::RequiredError& error) {
    // Without a command, a wrong one may be the reason.
    if (app.get_subcommands().empty() && !app.remaining(true).empty()) {
      return UsageError(app, DescribeSurplus(app));
    }
    if (app.get_subcommands().empty()) {
      return Answer{kExitUsage, "", "oriel: no command given\n\n" + app.help()};
    }
    return UsageError(app, error.what());
  } catch (const CLI::ParseError& error) {
    return UsageError(app, error.what());
  }
  return std::nullopt;
}

}  // namespace

std::variant<Arguments, Answer> ParseArguments(
    const std::vector<std::string>& arguments) {
  Definition definition;
  if (std::optional<Answer> answer = Parse(definition, arguments)) {
    return *std::move(answer);
  }
  const std::string contradiction = definition.Contradiction();
  if (!contradiction.empty()) {
    return UsageError(definition.app(), contradiction);
  }
  return definition.Result();
}

}  // namespace oriel::clients
