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
  if (const auto* answer = std::get_if<Answer>(&parsed)) {
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

Answer Answered(const std::vector<std::string>& arguments) {
  const auto parsed = ParseArguments(arguments);
  const auto* answer = std::get_if<Answer>(&parsed);
  if (answer == nullptr) {
    ADD_FAILURE() << "was parsed";
    return {};
  }
  return *answer;
}

std::string UsageError(const std::vector<std::string>& arguments) {
  const Answer answer = Answered(arguments);
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
}

TEST(ArgumentsTest, ViewPassesItsArgumentsOn) {
  Arguments all;
  const auto options = Parsed<ViewOptions>(
      {"--server", "a:1", "view", "vm7", "--stats", "--fullscreen"}, &all);
  EXPECT_THAT(options.arguments, ElementsAre("vm7", "--stats", "--fullscreen"));
  EXPECT_EQ(all.server, "a:1");
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
  for (const char* command :
       {"list", "show", "snapshot", "record", "watch", "view", "vbt"}) {
    const Answer answer = Answered({command, "--help"});
    EXPECT_EQ(answer.exit_code, kExitOk);
    EXPECT_THAT(answer.out, HasSubstr("Examples:"));
    EXPECT_THAT(answer.out, HasSubstr(std::string("oriel ") + command));
    EXPECT_THAT(answer.out, HasSubstr("Exit codes:"));
  }
  EXPECT_THAT(Answered({"--help"}).out, HasSubstr("snapshot"));
}

TEST(ArgumentsTest, TellsItsVersion) {
  EXPECT_EQ(Answered({"--version"}).out.rfind("oriel ", 0), 0u);
}

}  // namespace
}  // namespace oriel::clients
