#include "clients/cli/arguments.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Options>
Options Parsed(const std::vector<std::string>& arguments,
               Arguments* all = nullptr) {
  const auto parsed = ParseArguments(arguments);
  if (const auto* answer = std::get_if<CommandLineAnswer>(&parsed)) {
    ADD_FAILURE() << answer->err << answer->out;
    return {};
  }
  if (all != nullptr) *all = std::get<Arguments>(parsed);
  const auto* options =
      std::get_if<Options>(&std::get<Arguments>(parsed).command);
  if (options == nullptr) {
    ADD_FAILURE() << "another command";
    return {};
  }
  return *options;
}

CommandLineAnswer Answered(const std::vector<std::string>& arguments) {
  const auto parsed = ParseArguments(arguments);
  const auto* answer = std::get_if<CommandLineAnswer>(&parsed);
  if (answer == nullptr) {
    ADD_FAILURE() << "was parsed";
    return {};
  }
  return *answer;
}

std::string UsageError(const std::vector<std::string>& arguments) {
  const CommandLineAnswer answer = Answered(arguments);
  EXPECT_EQ(answer.exit_code, kExitUsage);
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(answer.err.rfind("oriel: ", 0), 0u) << answer.err;
  return answer.err;
}

TEST(ArgumentsTest, ServerAndJsonStandAtEitherPlace) {
  Arguments all;
  Parsed<ListOptions>({"--server", "a:1", "list", "--json"}, &all);
  EXPECT_EQ(all.server, "a:1");
  EXPECT_TRUE(all.json);
  EXPECT_TRUE(
      Parsed<ListOptions>({"list", "--follow", "--server=/x"}, &all).follow);
  EXPECT_EQ(all.server, "/x");
  EXPECT_FALSE(all.json);
  Parsed<ListOptions>({"list"}, &all);
  EXPECT_EQ(all.server, "");
}

TEST(ArgumentsTest, TheDisplayMayBeLeftOut) {
  EXPECT_EQ(Parsed<ShowOptions>({"show"}).display, "");
  EXPECT_EQ(Parsed<ShowOptions>({"show", "vm7"}).display, "vm7");
}

TEST(ArgumentsTest, ReadsASnapshot) {
  const auto options = Parsed<SnapshotOptions>(
      {"snapshot", "vm7", "-o", "-", "--max-width", "320"});
  EXPECT_EQ(options.display, "vm7");
  EXPECT_EQ(options.output, "-");
  EXPECT_EQ(options.max_width_px, 320u);
  EXPECT_FALSE(options.no_cursor);
  EXPECT_TRUE(Parsed<SnapshotOptions>({"snapshot", "--no-cursor"}).no_cursor);
  EXPECT_THAT(UsageError({"snapshot", "--max-width", "0"}),
              HasSubstr("--max-width"));
  EXPECT_THAT(UsageError({"snapshot", "-o", "-", "--json"}),
              HasSubstr("standard output"));
  EXPECT_THAT(UsageError({"snapshot", "-o", "a.jpg"}),
              HasSubstr("cannot write 'a.jpg': pictures are PNG files"));
}

TEST(ArgumentsTest, ReadsARecording) {
  const auto options =
      Parsed<RecordOptions>({"record", "vm7", "-o", "a.mkv", "--duration",
                             "1.5s", "--quality", "high", "--force"});
  EXPECT_EQ(options.output, "a.mkv");
  EXPECT_EQ(options.duration, std::chrono::milliseconds(1500));
  EXPECT_EQ(options.quality, v1::QUALITY_HIGH);
  EXPECT_TRUE(options.force);
  EXPECT_THAT(UsageError({"record", "vm7"}), HasSubstr("--output"));
  EXPECT_THAT(UsageError({"record", "vm7", "-o", "a.avi"}),
              HasSubstr(".mp4 or .mkv"));
  EXPECT_THAT(UsageError({"record", "-o", "a.mp4", "--duration", "soon"}),
              HasSubstr("'soon' is no duration"));
  EXPECT_THAT(UsageError({"record", "-o", "a.mp4", "--quality", "best"}),
              HasSubstr("high, low, medium"));
  EXPECT_EQ(options.encoding, v1::ENCODING_H264);
  EXPECT_EQ(Parsed<RecordOptions>(
                {"record", "vm7", "-o", "a.mkv", "--encoding", "av1"})
                .encoding,
            v1::ENCODING_AV1);
  EXPECT_THAT(UsageError({"record", "-o", "a.mp4", "--encoding", "lossless"}),
              HasSubstr("--encoding"));
}

TEST(ArgumentsTest, ReadsAWatch) {
  const auto options = Parsed<WatchOptions>(
      {"watch", "--encoding", "lossless", "--until-exact", "--timeout", "5s",
       "--output-image", "x.png", "--updates", "3"});
  EXPECT_EQ(options.encoding, v1::ENCODING_LOSSLESS);
  EXPECT_TRUE(options.until_exact);
  EXPECT_EQ(options.timeout, std::chrono::seconds(5));
  EXPECT_EQ(options.output_image, "x.png");
  EXPECT_EQ(options.update_count, 3u);
  EXPECT_THAT(UsageError({"watch", "--until-exact", "--encoding", "h264"}),
              HasSubstr("never exact"));
  EXPECT_THAT(UsageError({"watch", "--encoding", "jpeg"}),
              HasSubstr("lossless"));
  EXPECT_THAT(UsageError({"watch", "--output-image", "a.jpg"}),
              HasSubstr("PNG"));
}

TEST(ArgumentsTest, AnOptionWithoutEffectIsRefused) {
  EXPECT_THAT(UsageError({"watch", "--timeout", "5s"}),
              HasSubstr("no effect without --until-exact"));
  EXPECT_THAT(
      UsageError({"watch", "--encoding", "lossless", "--quality", "low"}),
      HasSubstr("no effect"));
  EXPECT_EQ(Parsed<WatchOptions>({"watch", "--quality", "low"}).quality,
            v1::QUALITY_LOW);
}

TEST(ArgumentsTest, ViewPassesItsArgumentsOn) {
  Arguments all;
  const auto options = Parsed<ViewOptions>(
      {"--server", "a:1", "view", "vm7", "--stats", "--fullscreen"}, &all);
  EXPECT_THAT(options.arguments, ElementsAre("vm7", "--stats", "--fullscreen"));
  EXPECT_EQ(all.server, "a:1");
}

TEST(ArgumentsTest, ReadsWhatIsAskedOfDevices) {
  Arguments all;
  Parsed<DevicesOptions>({"devices", "--json"}, &all);
  EXPECT_TRUE(all.json);
  EXPECT_THAT(UsageError({"devices", "vm7"}),
              HasSubstr("surplus argument 'vm7'"));
  const auto op_region =
      Parsed<OpRegionOptions>({"opregion", "vm7", "-o", "-", "--vbt", "a.vbt"});
  EXPECT_EQ(op_region.display, "vm7");
  EXPECT_EQ(op_region.output, "-");
  EXPECT_EQ(op_region.vbt_output, "a.vbt");
  EXPECT_THAT(UsageError({"opregion", "--output", "-", "--vbt", "-"}),
              HasSubstr("both want standard output"));
  EXPECT_THAT(UsageError({"opregion", "--vbt", "-", "--json"}),
              HasSubstr("--json and --vbt - both want standard output"));
}

TEST(ArgumentsTest, ReadsWhatIsAskedOfAnEdid) {
  const auto get = Parsed<EdidGetOptions>({"edid", "get", "vm7", "-o", "-"});
  EXPECT_EQ(get.display, "vm7");
  EXPECT_EQ(get.output, "-");
  EXPECT_EQ(Parsed<EdidGetOptions>({"edid", "get"}).display, "");
  EXPECT_THAT(UsageError({"edid", "get", "-o", "-", "--json"}),
              HasSubstr("--json and -o - both want standard output"));
  const auto set = Parsed<EdidSetOptions>(
      {"edid", "set", "vm7", "--mode", "1600x900@59.94", "--name", "Desk"});
  EXPECT_EQ(set.display, "vm7");
  ASSERT_TRUE(set.mode.has_value());
  EXPECT_EQ(set.mode->width_px(), 1600u);
  EXPECT_EQ(set.mode->height_px(), 900u);
  EXPECT_EQ(set.mode->refresh_millihz(), 59'940u);
  EXPECT_EQ(set.monitor_name, "Desk");
  const auto file =
      Parsed<EdidSetOptions>({"edid", "set", "vm7", "--file", "a.edid"});
  EXPECT_EQ(file.file, "a.edid");
  EXPECT_FALSE(file.mode.has_value());
}

TEST(ArgumentsTest, TheMonitorToPlugInIsExactlyOne) {
  EXPECT_THAT(UsageError({"edid", "set", "vm7"}),
              HasSubstr("Give --mode, such as 1600x900, or --file\n"
                        "See: oriel edid set --help\n"));
  EXPECT_THAT(
      UsageError({"edid", "set", "--mode", "640x480", "--file", "a.edid"}),
      HasSubstr("--mode and --file are two monitors"));
  EXPECT_THAT(UsageError({"edid", "set", "--mode", "1600"}),
              HasSubstr("'1600' is no mode; write for example 1600x900"));
  EXPECT_THAT(UsageError({"edid", "set", "--file", "a.edid", "--name", "b"}),
              HasSubstr("--name goes with --mode"));
  EXPECT_THAT(UsageError({"edid", "set", "--mode", "640x480", "--name",
                          "fourteen bytes"}),
              HasSubstr("has 14 bytes; an EDID has room for 13"));
  EXPECT_THAT(
      UsageError({"edid", "set", "--mode", "640x480", "--name", "gr\xC3\xBC"}),
      HasSubstr("printable ASCII"));
}

TEST(ArgumentsTest, ACommandOfACommandWorksAsTheOthersDo) {
  Arguments all;
  Parsed<EdidGetOptions>({"edid", "--server", "a:1", "get", "--json"}, &all);
  EXPECT_EQ(all.server, "a:1");
  EXPECT_TRUE(all.json);
  Parsed<EdidGetOptions>({"edid", "--json", "get", "--server=/x"}, &all);
  EXPECT_EQ(all.server, "/x");
  EXPECT_TRUE(all.json);
  // Displays may be called like commands.
  EXPECT_EQ(Parsed<EdidGetOptions>({"edid", "get", "set"}).display, "set");
  EXPECT_EQ(Parsed<EdidGetOptions>({"edid", "get", "list"}).display, "list");
  EXPECT_THAT(UsageError({"edid", "gte"}),
              HasSubstr("unknown command 'edid gte'; did you mean get?\n"
                        "See: oriel edid --help\n"));
  EXPECT_THAT(UsageError({"edid", "vm7"}),
              HasSubstr("unknown command 'edid vm7'\n"));
  EXPECT_THAT(UsageError({"edid", "get", "--otput", "x"}),
              HasSubstr("unknown flag '--otput'; did you mean --output?\n"
                        "See: oriel edid get --help\n"));
  EXPECT_THAT(UsageError({"edid", "get", "a", "b"}),
              HasSubstr("surplus argument 'b'"));
  EXPECT_THAT(UsageError({"edid", "get", "a", "set", "b"}),
              HasSubstr("surplus argument 'set'"));
  const std::string none = UsageError({"edid"});
  EXPECT_THAT(none, HasSubstr("no command given"));
  EXPECT_THAT(none, HasSubstr("oriel edid get vm7"));
}

TEST(ArgumentsTest, ReadsAVbtFile) {
  Arguments all;
  EXPECT_EQ(Parsed<VbtOptions>({"vbt", "a.vbt", "--json"}, &all).file, "a.vbt");
  EXPECT_TRUE(all.json);
  EXPECT_THAT(UsageError({"vbt"}), HasSubstr("FILE is required"));
}

TEST(ArgumentsTest, AnUnknownFlagIsAnsweredWithTheNearest) {
  EXPECT_THAT(UsageError({"list", "--folow"}),
              HasSubstr("unknown flag '--folow'; did you mean --follow?"));
  EXPECT_THAT(UsageError({"watch", "--encodng=lossless"}),
              HasSubstr("did you mean --encoding?"));
  const std::string far = UsageError({"list", "--xyzzy"});
  EXPECT_THAT(far, HasSubstr("unknown flag '--xyzzy'\n"));
  EXPECT_THAT(far, HasSubstr("See: oriel list --help"));
}

TEST(ArgumentsTest, AnUnknownCommandIsAnsweredWithTheNearest) {
  EXPECT_THAT(UsageError({"lst"}),
              HasSubstr("unknown command 'lst'; did you mean list?"));
  EXPECT_THAT(UsageError({"snap"}), HasSubstr("did you mean snapshot?"));
  EXPECT_THAT(UsageError({}), HasSubstr("no command given"));
}

TEST(ArgumentsTest, SurplusArgumentsAreErrors) {
  EXPECT_THAT(UsageError({"show", "a", "b"}),
              HasSubstr("surplus argument 'b'"));
}

TEST(ArgumentsTest, EveryCommandHasHelpWithExamplesAndExitCodes) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"list"},
                                             {"show"},
                                             {"snapshot"},
                                             {"record"},
                                             {"watch"},
                                             {"view"},
                                             {"devices"},
                                             {"edid"},
                                             {"edid", "get"},
                                             {"edid", "set"},
                                             {"opregion"},
                                             {"vbt"}}) {
    std::vector<std::string> arguments = command;
    arguments.push_back("--help");
    const CommandLineAnswer answer = Answered(arguments);
    EXPECT_EQ(answer.exit_code, kExitOk);
    EXPECT_THAT(answer.out, HasSubstr("Examples:"));
    std::string words = "  oriel";
    for (const std::string& word : command) words += " " + word;
    EXPECT_THAT(answer.out, HasSubstr(words));
    EXPECT_THAT(answer.out, HasSubstr("Exit codes:"));
  }
  EXPECT_THAT(Answered({"--help"}).out, HasSubstr("snapshot"));
}

TEST(ArgumentsTest, TellsItsVersion) {
  EXPECT_EQ(Answered({"--version"}).out.rfind("oriel ", 0), 0u);
}

}  // namespace
}  // namespace oriel::clients
