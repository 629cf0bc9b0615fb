// Watching a display of which no picture, or not all of one, has come.
#include <string>
#include <vector>

#include "clients/cli/commands_fixture.h"
#include "gmock/gmock.h"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;
using AttachStream = FakeOrield::AttachStream;

class NoPictureTest : public CommandsTest {
 protected:
  // `watch --output-image` of a display that sends these, then nothing.
  Outcome Watch(const std::vector<v1::StreamFramesResponse>& events,
                std::vector<std::string> arguments = {"--duration", "300ms"}) {
    server_.attach = [events](const v1::StreamFramesRequest&,
                              AttachStream* stream, grpc::ServerContext*) {
      stream->Write(OpenedEvent(1 << 20));
      for (const auto& event : events) stream->Write(event);
      return WaitForHangUp(stream);
    };
    arguments.insert(arguments.begin(), {"watch", "--output-image", path_});
    return Run(arguments);
  }

  bool Written() const { return access(path_.c_str(), F_OK) == 0; }

  const std::string path_ = Fresh("no_picture.png");
  const v1::StreamFramesResponse format_ = FormatEvent(1, 16, 8);
};

TEST_F(NoPictureTest, WithoutAnUpdateThereIsNoPicture) {
  const Outcome outcome = Watch({format_});
  EXPECT_EQ(outcome.exit_code, kExitUnavailable);
  EXPECT_THAT(outcome.out, HasSubstr("no picture came in 0.3 s\n"));
  EXPECT_THAT(outcome.err, HasSubstr(path_ + " was not written: no picture"));
  EXPECT_FALSE(Written());
}

TEST_F(NoPictureTest, WithoutAFormatThereIsNoPicture) {
  EXPECT_EQ(Watch({}).exit_code, kExitUnavailable);
  EXPECT_FALSE(Written());
}

TEST_F(NoPictureTest, APartIsNoPicture) {
  auto part = FillEvent(format_.format(), 1, 0, 0x102030);
  part.mutable_update()->set_more_follows(true);
  const Outcome outcome = Watch({format_, part});
  EXPECT_EQ(outcome.exit_code, kExitUnavailable);
  EXPECT_THAT(outcome.out, HasSubstr("only a part of the picture came"));
  EXPECT_THAT(outcome.err, HasSubstr("only a part of the picture came"));
  EXPECT_FALSE(Written());
}

TEST_F(NoPictureTest, APictureOfTheModeBeforeIsNoPicture) {
  const Outcome outcome =
      Watch({format_, FillEvent(format_.format(), 1, 0, 0x102030),
             FormatEvent(2, 32, 8)});
  EXPECT_EQ(outcome.exit_code, kExitUnavailable);
  EXPECT_FALSE(Written());
}

TEST_F(NoPictureTest, APlaneThatIsOffIsNoPictureForAnotherReason) {
  auto off = FormatEvent(1, 0, 0);
  off.mutable_format()->set_state_reason("no driver yet");
  const Outcome outcome = Watch({off});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_THAT(outcome.err, HasSubstr("the plane is off: no driver yet"));
  EXPECT_FALSE(Written());
}

TEST_F(NoPictureTest, WithoutAPictureNothingIsExact) {
  const Outcome outcome =
      Watch({format_}, {"--until-exact", "--timeout", "200ms"});
  EXPECT_EQ(outcome.exit_code, kExitUnavailable);
  EXPECT_THAT(outcome.err, HasSubstr("no picture came"));
  EXPECT_FALSE(Written());
}

TEST_F(NoPictureTest, AnOldFileIsKept) {
  std::ofstream(path_) << "precious";
  EXPECT_EQ(Watch({format_}).exit_code, kExitUnavailable);
  EXPECT_EQ(Content(path_), "precious");
}

TEST_F(NoPictureTest, AWholePictureIsWritten) {
  const Outcome outcome =
      Watch({format_, FillEvent(format_.format(), 1, 0, 0x102030)});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_EQ(Content(path_).substr(1, 3), "PNG");
}

}  // namespace
}  // namespace oriel::clients
