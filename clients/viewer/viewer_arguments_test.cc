#include "clients/viewer/viewer_arguments.h"

#include <cstdlib>

#include "clients/lib/server_address.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;

ViewerArguments Parsed(const std::vector<std::string>& arguments) {
  const auto parsed = ParseViewerArguments(arguments);
  const auto* result = std::get_if<ViewerArguments>(&parsed);
  if (result == nullptr) {
    ADD_FAILURE() << std::get<CommandLineAnswer>(parsed).err;
    return {};
  }
  return *result;
}

CommandLineAnswer Answered(const std::vector<std::string>& arguments) {
  const auto parsed = ParseViewerArguments(arguments);
  const auto* answer = std::get_if<CommandLineAnswer>(&parsed);
  if (answer == nullptr) {
    ADD_FAILURE() << "was parsed";
    return {};
  }
  return *answer;
}

TEST(ViewerArgumentsTest, ReadsAll) {
  const ViewerArguments all =
      Parsed({"--server", "a:1", "vm7", "--encoding", "h264", "--quality",
              "low", "--stats", "--fullscreen", "--wait"});
  EXPECT_EQ(all.feed.server, "a:1");
  EXPECT_EQ(all.feed.display, "vm7");
  EXPECT_EQ(all.feed.encoding, v1::ENCODING_H264);
  EXPECT_EQ(all.feed.quality, v1::QUALITY_LOW);
  EXPECT_TRUE(all.feed.stats);
  EXPECT_TRUE(all.fullscreen);
  EXPECT_TRUE(all.wait);
}

TEST(ViewerArgumentsTest, HasDefaults) {
  ASSERT_EQ(unsetenv("ORIEL_SERVER"), 0);
  const ViewerArguments all = Parsed({});
  EXPECT_EQ(all.feed.server, kDefaultServer);
  EXPECT_EQ(all.feed.display, "");
  EXPECT_EQ(all.feed.encoding, v1::ENCODING_UNSPECIFIED);
  EXPECT_FALSE(all.wait);
}

TEST(ViewerArgumentsTest, TheLaterServerCounts) {
  EXPECT_EQ(Parsed({"--server", "a:1", "vm7", "--server", "b:2"}).feed.server,
            "b:2");
}

TEST(ViewerArgumentsTest, RefusesWithTheWayOut) {
  EXPECT_EQ(Answered({"--stat"}).exit_code, 2);
  EXPECT_THAT(Answered({"--stat"}).err, HasSubstr("did you mean --stats?"));
  EXPECT_THAT(Answered({"--encoding", "gif"}).err,
              HasSubstr("oriel-viewer: 'gif' is no value of --encoding; there "
                        "are: adaptive, "));
  EXPECT_THAT(Answered({"--server", "x"}).err, HasSubstr("host:port"));
  EXPECT_THAT(Answered({"a", "b"}).err, HasSubstr("surplus argument 'b'"));
}

TEST(ViewerArgumentsTest, HelpNamesKeysAndExamples) {
  const CommandLineAnswer help = Answered({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("Keys:\n  f or F11: "));
  EXPECT_THAT(help.out, HasSubstr("Examples:"));
  EXPECT_THAT(Answered({"--version"}).out, HasSubstr("oriel-viewer "));
}

}  // namespace
}  // namespace oriel::clients
