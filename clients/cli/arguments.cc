#include "clients/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <optional>

#include "base/command_line.h"
#include "base/word_options.h"
#include "clients/cli/define_command.h"
#include "clients/cli/device_arguments.h"
#include "clients/cli/png_file.h"
#include "clients/cli/recording_file.h"
#include "clients/lib/server_address.h"
#include "clients/lib/stream_names.h"

namespace oriel::clients {
namespace {

constexpr char kOrielFooter[] =
    "Examples:\n"
    "  oriel list\n"
    "  oriel snapshot vm7 -o vm7.png\n"
    "  oriel record vm7 -o vm7.mp4 --duration 10s\n"
    "  oriel devices\n"
    "  oriel edid set vm7 --mode 1600x900\n"
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
  std::string WatchContradiction() const;

  void AddList();
  void AddShow();
  void AddSnapshot();
  void AddRecord();
  void AddWatch();
  void AddView();
  void AddVbt();

  CLI::App app_{"Shows what the virtual GPUs of a virtualization host show."};
  CommonOptions common_;
  ListOptions list_;
  ShowOptions show_;
  SnapshotOptions snapshot_;
  RecordOptions record_;
  WatchOptions watch_;
  DeviceArguments devices_;
  VbtOptions vbt_;
};

Definition::Definition() {
  NameProgram(app_, "oriel");
  app_.footer(std::string(kOrielFooter) + "\n" + kExitCodes);
  app_.add_option("--server", common_.server,
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
  devices_.AddTo(app_, common_);
  AddVbt();
}

void Definition::AddList() {
  CLI::App* command = AddCommand(
      app_, "list", "Lists the displays.",
      "Examples:\n  oriel list\n  oriel list --json\n  oriel list --follow\n",
      true, common_);
  command->add_flag("--follow", list_.follow,
                    "Go on with a line for each change (with --json: one "
                    "object a line)");
}

void Definition::AddShow() {
  CLI::App* command = AddCommand(
      app_, "show", "Shows all that is known of a display and its device.",
      "Examples:\n  oriel show vm7\n  oriel show vm7 --json\n", true, common_);
  AddDisplay(command, &show_.display);
}

void Definition::AddSnapshot() {
  CLI::App* command = AddCommand(
      app_, "snapshot", "Takes a picture of a display as a PNG file.",
      "Examples:\n  oriel snapshot vm7 -o vm7.png\n"
      "  oriel snapshot vm7 --max-width 320 -o - > thumbnail.png\n\n"
      "A file named with -o is replaced at once when the picture is there;\n"
      "without -o, DISPLAY.png is written unless it exists.\n",
      true, common_);
  AddDisplay(command, &snapshot_.display);
  command
      ->add_option("-o,--output", snapshot_.output,
                   "The PNG file; - is standard output")
      ->type_name("FILE.png");
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
      app_, "record", "Records a display as video in an .mp4 or .mkv file.",
      "Examples:\n  oriel record vm7 -o vm7.mp4\n"
      "  oriel record vm7 -o vm7.mkv --duration 10s --quality high\n\n"
      "Ctrl-C ends the recording; the file is complete then. When the display\n"
      "changes its size, the recording goes on in FILE-2. A full disk ends "
      "the\n"
      "recording, and what was written plays. A killed recorder leaves an "
      ".mkv\n"
      "that plays; an .mp4 is complete only after its end.\n",
      true, common_);
  AddDisplay(command, &record_.display);
  command->add_option("-o,--output", record_.output, "The file")
      ->type_name("FILE.mp4|FILE.mkv")
      ->required();
  AddDuration(command, "--duration", "End after this long, such as 10s or 2m",
              [this](auto duration) { record_.duration = duration; });
  AddChoice(command, "--encoding", "h264 (the default), vp9 or av1",
            kVideoEncodings, "ENCODING", &record_.encoding);
  AddChoice(command, "--quality", "low, medium or high", kQualities, "QUALITY",
            &record_.quality);
  command->add_flag("--force", record_.force, "Overwrite the file");
}

void Definition::AddWatch() {
  CLI::App* command =
      AddCommand(app_, "watch", "Prints a line for each update of a display.",
                 "Examples:\n  oriel watch vm7 --duration 10s\n"
                 "  oriel watch vm7 --encoding lossless --until-exact "
                 "--output-image vm7.png\n"
                 "  oriel watch vm7 --updates 100 --json\n",
                 true, common_);
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
      ->type_name("FILE.png");
}

void Definition::AddView() {
  CLI::App* command = AddCommand(
      app_, "view", "Opens a window with a display (runs oriel-viewer).",
      "Examples:\n  oriel view vm7\n  oriel view vm7 --stats --fullscreen\n\n"
      "All arguments are oriel-viewer's; see oriel-viewer --help.\n",
      false, common_);
  command->prefix_command();
}

void Definition::AddVbt() {
  CLI::App* command = app_.add_subcommand(
      "vbt", "Decodes the VBT in a file (needs no orield).");
  command->footer(
      std::string("Examples:\n"
                  "  oriel vbt /sys/kernel/debug/dri/0/i915_vbt\n"
                  "  oriel vbt opregion.bin --json\n"
                  "  ssh host cat /root/vga.rom | oriel vbt -\n\n") +
      kExitCodes);
  command
      ->add_option("FILE", vbt_.file,
                   "A VBT, an OpRegion with all behind it, or an option ROM "
                   "with a VBT in it; - is standard input")
      ->type_name("")
      ->required();
  command->add_flag("--json", common_.json, "Print JSON");
}

Arguments Definition::Result() const {
  Arguments result;
  result.server = common_.server;
  result.json = common_.json;
  const std::string name = app_.get_subcommands().front()->get_name();
  if (name == "list") result.command = list_;
  if (name == "show") result.command = show_;
  if (name == "snapshot") result.command = snapshot_;
  if (name == "record") result.command = record_;
  if (name == "watch") result.command = watch_;
  if (name == "vbt") result.command = vbt_;
  if (const auto command = devices_.Result(CommandWords(app_))) {
    result.command = *command;
  }
  if (name == "view") {
    result.command = ViewOptions{app_.get_subcommands().front()->remaining()};
  }
  return result;
}

std::string Definition::Contradiction() const {
  const std::string name = app_.get_subcommands().front()->get_name();
  if (name == "snapshot" && common_.json && snapshot_.output == "-") {
    return "--json and -o - both want standard output; give a file";
  }
  if (name == "snapshot") {
    const absl::Status named = CheckPngName(snapshot_.output);
    if (!named.ok()) return std::string(named.message());
  }
  if (name == "record") {
    const absl::Status named = CheckRecordingName(record_.output);
    if (!named.ok()) return std::string(named.message());
  }
  if (name == "watch") {
    const std::string contradiction = WatchContradiction();
    if (!contradiction.empty()) return contradiction;
  }
  return devices_.Contradiction(CommandWords(app_), common_.json);
}

std::string Definition::WatchContradiction() const {
  const bool video = watch_.encoding == v1::ENCODING_H264 ||
                     watch_.encoding == v1::ENCODING_VP9 ||
                     watch_.encoding == v1::ENCODING_AV1;
  if (watch_.until_exact && video) {
    return "--until-exact needs --encoding lossless or adaptive: video is "
           "never exact";
  }
  if (watch_.timeout.has_value() && !watch_.until_exact) {
    return "--timeout has no effect without --until-exact; did you mean "
           "--duration?";
  }
  if (watch_.quality != v1::QUALITY_UNSPECIFIED &&
      watch_.encoding == v1::ENCODING_LOSSLESS) {
    return "--quality has no effect on --encoding lossless";
  }
  return std::string(CheckPngName(watch_.output_image).message());
}

}  // namespace

std::variant<Arguments, CommandLineAnswer> ParseArguments(
    const std::vector<std::string>& arguments) {
  Definition definition;
  if (std::optional<CommandLineAnswer> answer =
          ParseCommandLine(definition.app(), arguments)) {
    return *std::move(answer);
  }
  const std::string contradiction = definition.Contradiction();
  if (!contradiction.empty()) {
    return UsageError(definition.app(), contradiction);
  }
  return definition.Result();
}

}  // namespace oriel::clients
