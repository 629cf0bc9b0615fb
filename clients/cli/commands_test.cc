#include "clients/cli/commands.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "capture/igd/sample_tables.h"
#include "clients/cli/commands_fixture.h"
#include "clients/cli/h264_samples.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using AttachStream = FakeOrield::AttachStream;

std::vector<nlohmann::json> JsonLines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(nlohmann::json::parse(line));
  }
  return lines;
}

TEST_F(CommandsTest, ListPrintsATableOrAnArray) {
  server_.displays.push_back(ReadyDisplay("vm8"));
  EXPECT_EQ(Run({"list"}).out,
            "NAME  STATE  SIZE     FORMAT  VIEWERS  DEVICE\n"
            "vm7   ready  640x480  XR24    0        a fake\n"
            "vm8   ready  640x480  XR24    0        a fake\n");
  const Outcome outcome = Run({"list", "--json"});
  EXPECT_EQ(outcome.exit_code, kExitOk);
  const nlohmann::json array = nlohmann::json::parse(outcome.out);
  ASSERT_TRUE(array.is_array());
  ASSERT_EQ(array.size(), 2u);
  EXPECT_EQ(array[1]["name"], "vm8");
}

TEST_F(CommandsTest, AnEmptyListIsSaidAndIsAnEmptyArray) {
  server_.displays.clear();
  const Outcome text = Run({"list"});
  EXPECT_EQ(text.exit_code, kExitOk);
  EXPECT_EQ(text.out, "");
  EXPECT_THAT(text.err, HasSubstr("has no display; for the vGPUs of running "
                                  "VMs start oriel-borrow"));
  EXPECT_EQ(Run({"list", "--json"}).out, "[]\n");
}

TEST_F(CommandsTest, ListFollowPrintsALineForEachEvent) {
  server_.watch = [](grpc::ServerWriter<v1::WatchDisplaysResponse>* writer) {
    v1::WatchDisplaysResponse event;
    *event.mutable_display() = ReadyDisplay("vm7");
    writer->Write(event);
    event.set_synced(true);
    writer->Write(event);
    event.set_removed_name("vm7");
    writer->Write(event);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the daemon stops");
  };
  const Outcome outcome = Run({"list", "--follow", "--json"});
  EXPECT_EQ(outcome.exit_code, kExitUnavailable);
  EXPECT_EQ(outcome.err, "oriel: the daemon stops\n");
  const auto lines = JsonLines(outcome.out);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0]["display"]["name"], "vm7");
  EXPECT_EQ(lines[1]["event"], "synced");
  EXPECT_EQ(lines[2]["name"], "vm7");
  EXPECT_EQ(Run({"list", "--follow"}).out,
            "vm7  ready  640x480  XR24  viewers 0\nvm7  removed\n");
}

TEST_F(CommandsTest, ShowTakesTheOnlyDisplayOrTheNamedOne) {
  EXPECT_THAT(Run({"show"}).out, HasSubstr("region 9"));
  EXPECT_EQ(nlohmann::json::parse(Run({"show", "--json"}).out)["name"], "vm7");
  const Outcome missing = Run({"show", "vm9"});
  EXPECT_EQ(missing.exit_code, kExitNoSuchDisplay);
  EXPECT_EQ(missing.err, "oriel: no display is named 'vm9'\n");
  EXPECT_EQ(missing.out, "");
  server_.displays.push_back(ReadyDisplay("vm8"));
  const Outcome ambiguous = Run({"show"});
  EXPECT_EQ(ambiguous.exit_code, kExitUsage);
  EXPECT_THAT(ambiguous.err, HasSubstr("vm7, vm8"));
}

TEST_F(CommandsTest, NobodyAtTheAddressIsExitCodeFour) {
  server_.Stop();
  const Outcome outcome = Run({"list", "--json"});
  EXPECT_EQ(outcome.exit_code, kExitUnavailable);
  EXPECT_THAT(outcome.err, HasSubstr("cannot reach orield at"));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(CommandsTest, AFullStandardOutputIsAFailureThatIsNamedOnce) {
  server_.snapshot.set_png(std::string(100'000, 'p'));
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    stream->Write(FormatEvent(1, 8, 8));
    return WaitForHangUp(stream);
  };
  const std::vector<std::vector<std::string>> commands = {
      {"list"},
      {"list", "--json"},
      {"show", "--json"},
      {"snapshot", "-o", "-"},
      {"watch"},
      {"watch", "--json"},
      {"devices", "--json"},
      {"edid", "get"},
      {"--help"},
      {"--version"}};
  for (std::vector<std::string> arguments : commands) {
    const std::string command = arguments.front();
    arguments.insert(arguments.begin(), {"--server", server_.address()});
    std::ofstream full("/dev/full");
    std::ostringstream err;
    Console console{.out = full, .err = err};
    EXPECT_EQ(RunOriel(arguments, console, stop_), kExitFailure) << command;
    EXPECT_EQ(err.str(),
              "oriel: cannot write to standard output: No space left on "
              "device\n")
        << command;
  }
}

TEST_F(CommandsTest, SnapshotWritesWhatTheServerSent) {
  server_.snapshot.set_png("not really a PNG");
  server_.snapshot.set_width_px(64);
  server_.snapshot.set_height_px(48);
  server_.snapshot.set_exact(true);
  const std::string path = Fresh("snapshot.png");
  const Outcome outcome = Run({"snapshot", "-o", path, "--json"});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_EQ(Content(path), "not really a PNG");
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["path"], path);
  EXPECT_EQ(json["width_px"], 64);
  EXPECT_EQ(json["height_px"], 48);
  EXPECT_EQ(json["bytes"], 16);
  EXPECT_EQ(json["exact"], true);
  EXPECT_EQ(Run({"snapshot", "-o", "-"}).out, "not really a PNG");
}

TEST_F(CommandsTest, AFailedSnapshotLeavesNoFile) {
  server_.snapshot_status =
      grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "the plane is off");
  const std::string path = Fresh("failed.png");
  const Outcome outcome = Run({"snapshot", "vm7", "-o", path});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_EQ(outcome.err, "oriel: the plane is off\n");
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  server_.snapshot_status =
      grpc::Status(grpc::StatusCode::UNAVAILABLE, "no device");
  EXPECT_EQ(Run({"snapshot", "vm7", "-o", path}).exit_code, kExitUnavailable);
}

TEST_F(CommandsTest, WatchUntilExactWritesThePicture) {
  server_.attach = [](const v1::StreamFramesRequest& open, AttachStream* stream,
                      grpc::ServerContext*) {
    EXPECT_EQ(open.encoding(), v1::ENCODING_LOSSLESS);
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 16, 8);
    stream->Write(format);
    auto first = FillEvent(format.format(), 1, 0, 0x102030);
    first.mutable_update()->set_exact(false);
    stream->Write(first);
    stream->Write(LosslessEvent(format.format(), 2, 1, 0x405060));
    return WaitForHangUp(stream);
  };
  const std::string path = Fresh("watch.png");
  const Outcome outcome =
      Run({"watch", "vm7", "--encoding", "lossless", "--until-exact",
           "--output-image", path, "--json"});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  const auto lines = JsonLines(outcome.out);
  ASSERT_EQ(lines.size(), 5u) << outcome.out;
  EXPECT_EQ(lines[0]["event"], "opened");
  EXPECT_EQ(lines[1]["event"], "format");
  EXPECT_EQ(lines[2]["fill"], 1);
  EXPECT_EQ(lines[3]["lossless"], 1);
  EXPECT_EQ(lines[3]["exact"], true);
  EXPECT_EQ(lines[4]["event"], "summary");
  EXPECT_EQ(lines[4]["updates"], 2);
  EXPECT_EQ(lines[4]["exact"], true);
  EXPECT_EQ(Content(path).substr(1, 3), "PNG");
}

TEST_F(CommandsTest, WatchEndsAfterItsUpdatesOrItsTime) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 16, 8);
    stream->Write(format);
    for (uint64_t i = 1; i <= 5; ++i) {
      stream->Write(FillEvent(format.format(), i, i == 1 ? 0 : i - 1, i));
    }
    return WaitForHangUp(stream);
  };
  const Outcome counted = Run({"watch", "--updates", "3"});
  EXPECT_EQ(counted.exit_code, kExitOk);
  EXPECT_THAT(counted.out, HasSubstr("3 updates in"));
  const Outcome timed = Run({"watch", "--duration", "300ms"});
  EXPECT_EQ(timed.exit_code, kExitOk);
  EXPECT_THAT(timed.out, HasSubstr("5 updates in"));
}

TEST_F(CommandsTest, WatchUntilExactFailsAtItsTimeout) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    auto off = FormatEvent(1, 0, 0);
    off.mutable_format()->set_state_reason("no driver yet");
    stream->Write(off);
    return WaitForHangUp(stream);
  };
  const Outcome outcome = Run({"watch", "--until-exact", "--timeout", "200ms"});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_THAT(outcome.err, HasSubstr("no picture came in 0.2 s"));
  EXPECT_THAT(outcome.err, HasSubstr("no driver yet"));
}

TEST_F(CommandsTest, WatchResyncsAfterAGapAndGoesOn) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 16, 8);
    stream->Write(format);
    stream->Write(FillEvent(format.format(), 1, 0, 1));
    stream->Write(FillEvent(format.format(), 5, 4, 2));
    v1::AttachDisplayRequest request;
    while (stream->Read(&request) && !request.control().resync()) {
    }
    stream->Write(FillEvent(format.format(), 6, 0, 3));
    return WaitForHangUp(stream);
  };
  const Outcome outcome = Run({"watch", "--updates", "2", "--json"});
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_THAT(outcome.err, HasSubstr("resync"));
  EXPECT_EQ(JsonLines(outcome.out).back()["resyncs"], 1);
}

TEST_F(CommandsTest, WatchRefusesAServerThatBreaksTheRules) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) {
    stream->Write(OpenedEvent(1 << 20));
    const auto format = FormatEvent(1, 16, 8);
    stream->Write(format);
    auto outside = FillEvent(format.format(), 1, 0, 1);
    outside.mutable_update()->mutable_patches(0)->mutable_rect()->set_x_px(9);
    stream->Write(outside);
    return WaitForHangUp(stream);
  };
  const Outcome outcome = Run({"watch"});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_THAT(outcome.err, HasSubstr("broke the stream's rules"));
}

TEST_F(CommandsTest, WatchSaysWhyTheStreamEnded) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream*,
                      grpc::ServerContext*) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                        "vm7 has no ADAPTIVE; it has LOSSLESS");
  };
  const Outcome encoding = Run({"watch", "--encoding", "adaptive"});
  EXPECT_EQ(encoding.exit_code, kExitUsage);
  EXPECT_EQ(encoding.err, "oriel: vm7 has no ADAPTIVE; it has LOSSLESS\n");
  EXPECT_EQ(Run({"watch", "vm9"}).exit_code, kExitNoSuchDisplay);
}

// The events of a recording of 64x64 pixels: keyframe first.
std::vector<v1::StreamFramesResponse> VideoEvents(int count) {
  std::vector<v1::StreamFramesResponse> events = {OpenedEvent(1 << 20)};
  events.push_back(FormatEvent(1, 64, 64));
  const auto units = EncodeH264Samples(64, 64, count);
  for (int i = 0; i < count; ++i) {
    auto event = FillEvent(events[1].format(), i + 1, i, 0);
    v1::Patch& patch = *event.mutable_update()->mutable_patches(0);
    patch.mutable_video()->set_codec(v1::VIDEO_CODEC_H264);
    patch.mutable_video()->set_keyframe(units[i].keyframe);
    patch.set_payload_size_bytes(units[i].bytes.size());
    event.set_payload(units[i].bytes);
    events.push_back(event);
  }
  return events;
}

void WriteAll(AttachStream* stream,
              const std::vector<v1::StreamFramesResponse>& events) {
  for (const auto& event : events) stream->Write(event);
}

TEST_F(CommandsTest, RecordEndsAfterItsDuration) {
  server_.attach = [](const v1::StreamFramesRequest& open, AttachStream* stream,
                      grpc::ServerContext*) {
    EXPECT_EQ(open.encoding(), v1::ENCODING_H264);
    EXPECT_EQ(open.quality(), v1::QUALITY_LOW);
    WriteAll(stream, VideoEvents(3));
    return WaitForHangUp(stream);
  };
  const std::string path = Fresh("duration.mp4");
  const Outcome outcome = Run({"record", "-o", path, "--duration", "500ms",
                               "--quality", "low", "--json"});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["path"], path);
  EXPECT_EQ(json["frames"], 3);
  EXPECT_EQ(json["width_px"], 64);
  EXPECT_EQ(json["height_px"], 64);
  EXPECT_EQ(json["bytes"], Content(path).size());
  EXPECT_NEAR(json["duration_s"].get<double>(), 0.5, 0.001);
  ASSERT_EQ(json["files"].size(), 1u);
  const Outcome again = Run({"record", "-o", path});
  EXPECT_EQ(again.exit_code, kExitFailure);
  EXPECT_THAT(again.err, HasSubstr("--force"));
}

TEST_F(CommandsTest, AStopSignalCompletesTheFile) {
  server_.attach = [this](const v1::StreamFramesRequest&, AttachStream* stream,
                          grpc::ServerContext*) {
    WriteAll(stream, VideoEvents(2));
    // The acknowledgement shows that both were recorded.
    v1::AttachDisplayRequest request;
    while (stream->Read(&request) && request.control().applied_sequence() < 2) {
    }
    stop_.Trigger();
    return WaitForHangUp(stream);
  };
  const std::string path = Fresh("stopped.mkv");
  const Outcome outcome = Run({"record", "-o", path});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("2 frames, 64x64"));
  EXPECT_GT(Content(path).size(), 1000u);
}

TEST_F(CommandsTest, ARecordingOfAScreenThatRestsAsksForItOnceMore) {
  server_.attach = [this](const v1::StreamFramesRequest&, AttachStream* stream,
                          grpc::ServerContext*) {
    const auto events = VideoEvents(2);
    WriteAll(stream, events);
    v1::AttachDisplayRequest request;
    while (stream->Read(&request) &&
           request.control().keyframe_streams_size() == 0) {
    }
    EXPECT_EQ(request.control().keyframe_streams_size(), 1);
    EXPECT_FALSE(request.control().resync());
    v1::StreamFramesResponse repeat = events[2];
    repeat.mutable_update()->set_sequence(3);
    stream->Write(repeat);
    while (stream->Read(&request) && request.control().applied_sequence() < 3) {
    }
    stop_.Trigger();
    return WaitForHangUp(stream);
  };
  const std::string path = Fresh("rest.mkv");
  const Outcome outcome = Run({"record", "-o", path, "--json"});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["frames"], 3);
  EXPECT_EQ(json["complete"], true);
}

TEST_F(CommandsTest, AServerThatGoesAwayLeavesACompleteFile) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) {
    WriteAll(stream, VideoEvents(2));
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the device has gone");
  };
  const std::string path = Fresh("gone.mp4");
  const Outcome outcome = Run({"record", "-o", path});
  EXPECT_EQ(outcome.exit_code, kExitUnavailable);
  EXPECT_THAT(outcome.err, HasSubstr("the device has gone; what was recorded "
                                     "until then is complete"));
  EXPECT_THAT(outcome.out, HasSubstr("2 frames"));
  EXPECT_THAT(Content(path), HasSubstr("moov"));
}

TEST_F(CommandsTest, AModeChangeIsToldAndGoesOnInAnotherFile) {
  server_.attach = [](const v1::StreamFramesRequest&, AttachStream* stream,
                      grpc::ServerContext*) {
    auto events = VideoEvents(2);
    WriteAll(stream, events);
    events[1].mutable_format()->set_generation(2);
    events[2].mutable_update()->set_generation(2);
    stream->Write(events[1]);
    stream->Write(events[2]);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "end");
  };
  const std::string path = Fresh("mode.mp4");
  const std::string second = Fresh("mode-2.mp4");
  const Outcome outcome = Run({"record", "-o", path});
  EXPECT_THAT(outcome.err, HasSubstr(path + " is complete"));
  EXPECT_THAT(outcome.out, HasSubstr(second));
  EXPECT_THAT(Content(second), HasSubstr("moov"));
}

TEST_F(CommandsTest, ARecordingOfNothingLeavesNothing) {
  const std::string path = Fresh("nothing.mp4");
  const Outcome outcome = Run({"record", "vm9", "-o", path});
  EXPECT_EQ(outcome.exit_code, kExitNoSuchDisplay);
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  server_.attach = [this](const v1::StreamFramesRequest&, AttachStream* stream,
                          grpc::ServerContext*) {
    stop_.Trigger();
    return WaitForHangUp(stream);
  };
  const Outcome stopped = Run({"record", "vm7", "-o", path});
  EXPECT_EQ(stopped.exit_code, kExitFailure);
  EXPECT_THAT(stopped.err, HasSubstr("nothing was recorded"));
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(CommandsTest, UsageErrorsNeedNoServer) {
  server_.Stop();
  EXPECT_EQ(Run({"list", "--nope"}).exit_code, kExitUsage);
  EXPECT_EQ(Run({"--server", "nonsense", "list"}).exit_code, kExitUsage);
}

TEST(ExitCodeTest, EveryCodeHasOneMeaning) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(absl::InternalError("")), 1);
  EXPECT_EQ(ExitCodeOf(absl::ResourceExhaustedError("")), 1);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("")), 2);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), 3);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), 4);
}

TEST_F(CommandsTest, VbtDecodesAFileAndNeedsNoServer) {
  const std::string path = Fresh("laptop.vbt");
  const auto table = capture::igd::VbtBuilder(221)
                         .AddChildren(capture::igd::SampleChildren())
                         .Build();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(table.data()),
             static_cast<std::streamsize>(table.size()));
  const Outcome json = Run({"vbt", path, "--json"}, "unix:/nowhere");
  EXPECT_EQ(json.exit_code, kExitOk) << json.err;
  EXPECT_EQ(nlohmann::json::parse(json.out)["children"].size(), 3u);
  EXPECT_THAT(Run({"vbt", path}).out, HasSubstr("HDMI-A"));
}

TEST_F(CommandsTest, VbtNamesTheFileAndWhatIsWrongWithIt) {
  const std::string path = Fresh("noise.bin");
  std::ofstream(path) << "noise";
  const Outcome noise = Run({"vbt", path});
  EXPECT_EQ(noise.exit_code, kExitFailure);
  EXPECT_EQ(noise.out, "");
  EXPECT_THAT(noise.err, HasSubstr("cannot decode " + path +
                                   ": no VBT: \"$VBT\" stands nowhere in its "
                                   "5 bytes"));
  const Outcome missing = Run({"vbt", Fresh("missing.vbt")});
  EXPECT_EQ(missing.exit_code, kExitFailure);
  EXPECT_THAT(missing.err, HasSubstr("missing.vbt: No such file"));
  EXPECT_THAT(Run({"vbt", "/"}).err, HasSubstr("cannot read /: "));
  EXPECT_THAT(Run({"vbt", "/dev/zero"}).err, HasSubstr("more than 16 MiB"));
  EXPECT_THAT(Run({"vbt", "/dev/null"}).err, HasSubstr("it is empty"));
}

// The test's standard input becomes the file for a moment.
TEST_F(CommandsTest, VbtReadsStandardInput) {
  const int own = dup(STDIN_FILENO);
  const auto with_input = [&](const std::string& bytes) {
    const std::string path = Fresh("input.bin");
    std::ofstream(path, std::ios::binary) << bytes;
    const int fd = open(path.c_str(), O_RDONLY);
    dup2(fd, STDIN_FILENO);
    close(fd);
    return Run({"vbt", "-", "--json"}, "unix:/nowhere");
  };
  const auto table = capture::igd::VbtBuilder(221)
                         .AddChildren(capture::igd::SampleChildren())
                         .Build();
  const Outcome found = with_input(std::string(512, 'x') +
                                   std::string(table.begin(), table.end()));
  EXPECT_EQ(found.exit_code, kExitOk) << found.err;
  EXPECT_EQ(nlohmann::json::parse(found.out)["vbt_offset"], 512);
  EXPECT_THAT(with_input("").err,
              HasSubstr("cannot decode standard input: it is empty"));
  if (own >= 0) {
    dup2(own, STDIN_FILENO);
    close(own);
  }
}

}  // namespace
}  // namespace oriel::clients
