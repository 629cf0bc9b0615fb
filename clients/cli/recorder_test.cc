#include "clients/cli/recorder.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>

#include "clients/cli/recorder_fixture.h"
#include "encoder/test_pictures.h"
#include "encoder/video/video_stream.h"
#include "gmock/gmock.h"

namespace oriel::clients {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

TEST_P(RecorderTest, AStillScreenOfTenSecondsGivesAFileOfTenSeconds) {
  const auto units = EncodeH264Samples(320, 240, 4);
  ASSERT_EQ(units.size(), 4u);
  const auto recorder = Create();
  const auto format = Format(1, 320, 240);
  ASSERT_TRUE(recorder->OnFormat(format, start_).ok());
  for (int i = 0; i < 4; ++i) {
    const auto resync = recorder->OnUpdate(
        Update(format, i + 1, units[i], 5'000'000 + i * 50'000), units[i].bytes,
        start_ + milliseconds(i * 50));
    ASSERT_TRUE(resync.ok()) << resync.status();
    EXPECT_FALSE(*resync);
  }
  ASSERT_TRUE(recorder->Finish(start_ + std::chrono::seconds(10)).ok());
  const Probe probe = ProbeFile(path_);
  EXPECT_TRUE(probe.clean);
  EXPECT_EQ(probe.codec, "h264");
  EXPECT_EQ(probe.width_px, 320);
  EXPECT_EQ(probe.height_px, 240);
  EXPECT_EQ(probe.packet_count, 4);
  EXPECT_EQ(probe.decoded_count, 4);
  EXPECT_NEAR(probe.duration_s, 10.0, 0.002);
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(probe.times_s[i], i * 0.05, 0.001);
  }
  ASSERT_EQ(recorder->files().size(), 1u);
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(recorder->files()[0].size_bytes,
            static_cast<uint64_t>(status.st_size));
  // The room that was kept ahead is given back.
  EXPECT_LE(status.st_blocks * 512, status.st_size + 65'536);
}

// What orield makes of a film, a keyframe first.
std::vector<AccessUnit> EncodeFilm(encoder::VideoCodec codec, Size size,
                                   int count) {
  std::vector<AccessUnit> units;
  auto stream =
      encoder::VideoStream::Open({.codec = codec, .area = Rect::Of(size)});
  EXPECT_TRUE(stream.ok()) << stream.status();
  for (int i = 0; stream.ok() && i < count; ++i) {
    const auto patch =
        (*stream)->Encode(encoder::ToBanded(encoder::FilmPicture(size, i)),
                          Damage(Rect::Of(size)), false, Time{});
    EXPECT_TRUE(patch.ok()) << patch.status();
    if (!patch.ok()) return {};
    units.push_back(
        {std::string(patch->payload->begin(), patch->payload->end()),
         std::get<encoder::Video>(patch->kind).keyframe});
  }
  return units;
}

TEST_P(RecorderTest, EachCodecOfOrieldIsRecordedAsItCame) {
  struct Case {
    encoder::VideoCodec codec;
    v1::VideoCodec wire;
    const char* name;
  };
  for (const Case& c :
       {Case{encoder::VideoCodec::kH264, v1::VIDEO_CODEC_H264, "h264"},
        Case{encoder::VideoCodec::kVp9, v1::VIDEO_CODEC_VP9, "vp9"},
        Case{encoder::VideoCodec::kAv1, v1::VIDEO_CODEC_AV1, "av1"}}) {
    const auto units = EncodeFilm(c.codec, {320, 240}, 6);
    ASSERT_EQ(units.size(), 6u);
    const auto recorder = Create(true);
    const auto format = Format(1, 320, 240);
    ASSERT_TRUE(recorder->OnFormat(format, start_).ok());
    for (int i = 0; i < 6; ++i) {
      v1::FrameUpdate update = Update(format, i + 1, units[i], i * 20'000);
      update.mutable_patches(0)->mutable_video()->set_codec(c.wire);
      const auto resync = recorder->OnUpdate(update, units[i].bytes,
                                             start_ + milliseconds(i * 20));
      ASSERT_TRUE(resync.ok()) << c.name << ": " << resync.status();
    }
    ASSERT_TRUE(recorder->Finish(start_ + milliseconds(200)).ok());
    const Probe probe = ProbeFile(path_);
    EXPECT_TRUE(probe.clean) << c.name;
    EXPECT_EQ(probe.codec, c.name);
    EXPECT_EQ(probe.width_px, 320);
    EXPECT_EQ(probe.decoded_count, 6) << c.name;
    EXPECT_NEAR(probe.duration_s, 0.2, 0.002) << c.name;
  }
}

TEST_P(RecorderTest, OddSizesKeepTheirSize) {
  const auto units = EncodeH264Samples(322, 242, 2);
  ASSERT_EQ(units.size(), 2u);
  const auto recorder = Create();
  const auto format = Format(1, 321, 241);
  ASSERT_TRUE(recorder->OnFormat(format, start_).ok());
  ASSERT_TRUE(
      recorder->OnUpdate(Update(format, 1, units[0], 1), units[0].bytes, start_)
          .ok());
  ASSERT_TRUE(recorder->Finish(start_ + milliseconds(100)).ok());
  EXPECT_TRUE(ProbeFile(path_).clean);
}

TEST_P(RecorderTest, AnExistingFileIsKeptUnlessForced) {
  std::ofstream(path_) << "precious";
  const auto refused = Recorder::Create({.path = path_});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("--force"));
  // Forced, but nothing came: the old file is still there.
  ASSERT_TRUE(Create(true)->Finish(start_).ok());
  std::string content;
  std::ifstream(path_) >> content;
  EXPECT_EQ(content, "precious");
  const auto units = EncodeH264Samples(64, 64, 1);
  const auto recorder = Create(true);
  const auto format = Format(1, 64, 64);
  ASSERT_TRUE(recorder->OnFormat(format, start_).ok());
  ASSERT_TRUE(
      recorder->OnUpdate(Update(format, 1, units[0], 1), units[0].bytes, start_)
          .ok());
  ASSERT_TRUE(recorder->Finish(start_ + milliseconds(500)).ok());
  EXPECT_EQ(ProbeFile(path_).packet_count, 1);
}

TEST_P(RecorderTest, NothingRecordedLeavesNoFile) {
  Create().reset();
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
  ASSERT_TRUE(Create()->Finish(start_).ok());
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

TEST_P(RecorderTest, AModeChangeBeginsANumberedFile) {
  const auto small = EncodeH264Samples(64, 64, 3);
  const auto large = EncodeH264Samples(128, 96, 2);
  const auto recorder = Create();
  const auto first = Format(1, 64, 64);
  const auto second = Format(2, 128, 96);
  ASSERT_TRUE(recorder->OnFormat(first, start_).ok());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(recorder
                    ->OnUpdate(Update(first, i + 1, small[i], i * 20'000),
                               small[i].bytes, start_ + milliseconds(i * 20))
                    .ok());
  }
  const auto changed = recorder->OnFormat(second, start_ + milliseconds(1000));
  ASSERT_TRUE(changed.ok() && *changed);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(
        recorder
            ->OnUpdate(Update(second, i + 1, large[i], 5'000'000 + i * 20'000),
                       large[i].bytes, start_ + milliseconds(1100 + i * 20))
            .ok());
  }
  ASSERT_TRUE(recorder->Finish(start_ + milliseconds(1600)).ok());
  ASSERT_EQ(recorder->files().size(), 2u);
  EXPECT_EQ(recorder->files()[1].path, Numbered(2));
  const Probe one = ProbeFile(path_);
  EXPECT_EQ(one.decoded_count, 3);
  EXPECT_EQ(one.width_px, 64);
  EXPECT_NEAR(one.duration_s, 1.0, 0.002);
  const Probe two = ProbeFile(Numbered(2));
  EXPECT_EQ(two.decoded_count, 2);
  EXPECT_EQ(two.width_px, 128);
  EXPECT_NEAR(two.duration_s, 0.5, 0.002);
}

TEST_P(RecorderTest, WhatDoesNotFollowAsksForAResyncUntilAKeyframe) {
  const auto units = EncodeH264Samples(64, 64, 5, 3);
  ASSERT_TRUE(units[3].keyframe);
  const auto recorder = Create();
  const auto format = Format(1, 64, 64);
  ASSERT_TRUE(recorder->OnFormat(format, start_).ok());
  const auto feed = [&](int i) {
    const auto resync =
        recorder->OnUpdate(Update(format, i + 1, units[i], i * 20'000),
                           units[i].bytes, start_ + milliseconds(i * 20));
    EXPECT_TRUE(resync.ok()) << resync.status();
    return resync.ok() && *resync;
  };
  EXPECT_TRUE(feed(1));  // before any keyframe
  EXPECT_FALSE(feed(0));
  EXPECT_TRUE(feed(2));  // 1 is missing
  EXPECT_FALSE(feed(3));
  EXPECT_FALSE(feed(4));
  ASSERT_TRUE(recorder->Finish(start_ + milliseconds(200)).ok());
  const Probe probe = ProbeFile(path_);
  EXPECT_TRUE(probe.clean);
  EXPECT_EQ(probe.decoded_count, 3);
}

TEST_P(RecorderTest, BrokenRulesAreNamedAndTheFileStaysWhole) {
  const auto units = EncodeH264Samples(64, 64, 2);
  const auto recorder = Create();
  const auto format = Format(1, 64, 64);
  ASSERT_TRUE(recorder->OnFormat(format, start_).ok());
  ASSERT_TRUE(
      recorder->OnUpdate(Update(format, 1, units[0], 0), units[0].bytes, start_)
          .ok());
  v1::FrameUpdate wrong_kind = Update(format, 2, units[1], 1);
  wrong_kind.mutable_patches(0)->mutable_fill();
  v1::FrameUpdate wrong_size = Update(format, 2, units[1], 1);
  wrong_size.mutable_patches(0)->set_payload_size_bytes(7);
  v1::FrameUpdate wrong_codec = Update(format, 2, units[1], 1);
  wrong_codec.mutable_patches(0)->mutable_video()->set_codec(
      v1::VIDEO_CODEC_VP9);
  v1::FrameUpdate no_keyframe = Update(format, 2, units[1], 1);
  no_keyframe.set_base_sequence(0);
  for (const auto& update :
       {wrong_kind, wrong_size, wrong_codec, no_keyframe}) {
    const auto result = recorder->OnUpdate(update, units[1].bytes, start_);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr("rules"));
  }
  ASSERT_TRUE(recorder->Finish(start_ + milliseconds(100)).ok());
  EXPECT_TRUE(ProbeFile(path_).clean);
}

TEST_P(RecorderTest, AKeyframeWithoutParameterSetsIsABrokenRule) {
  const auto recorder = Create();
  const auto format = Format(1, 64, 64);
  ASSERT_TRUE(recorder->OnFormat(format, start_).ok());
  const AccessUnit garbage{std::string("\0\0\1\x65garbage", 11), true};
  const auto result =
      recorder->OnUpdate(Update(format, 1, garbage, 0), garbage.bytes, start_);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInternal);
}

// Runs in a process of its own: the limit and the signal are the process's.
void RecordUntilTheLimit(Recorder& recorder, Time start) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{600'000, 600'000};
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
  const auto units = EncodeH264Samples(640, 480, 300);
  const auto format = Format(1, 640, 480);
  if (!recorder.OnFormat(format, start).ok()) _exit(3);
  absl::Status status;
  size_t i = 0;
  while (status.ok() && i < units.size()) {
    status = recorder
                 .OnUpdate(Update(format, i + 1, units[i], i * 20'000),
                           units[i].bytes, start + milliseconds(i * 20))
                 .status();
    ++i;
  }
  if (status.code() != absl::StatusCode::kResourceExhausted) _exit(4);
  if (!recorder.Finish(start + milliseconds(i * 20)).ok()) _exit(5);
  _exit(0);
}

TEST_P(RecorderTest, AFileSizeLimitLeavesAFileThatPlays) {
  const auto recorder = Create();
  EXPECT_EXIT(RecordUntilTheLimit(*recorder, start_),
              ::testing::ExitedWithCode(0), "");
  const Probe probe = ProbeFile(path_);
  EXPECT_TRUE(probe.clean);
  EXPECT_GT(probe.decoded_count, 10);
  EXPECT_LT(probe.decoded_count, 300);
  EXPECT_EQ(probe.decoded_count, probe.packet_count);
}

INSTANTIATE_TEST_SUITE_P(Formats, RecorderTest,
                         ::testing::Values(".mp4", ".mkv"));

TEST(RecordingNameTest, OnlyTwoEndingsAreTaken) {
  for (const char* name : {"a.mp4", "a.mkv", "a.MP4", "dir.x/a.mkv"}) {
    EXPECT_TRUE(CheckRecordingName(name).ok()) << name;
  }
  for (const char* name : {"a", "a.avi", "dir.mp4/a", "mp4", ""}) {
    const absl::Status status = CheckRecordingName(name);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(".mp4 or .mkv"));
  }
}

TEST(RecordingNameTest, APlaceThatCannotBeWrittenIsNamed) {
  const auto recorder = Recorder::Create({.path = "/no-such-folder/a.mp4"});
  EXPECT_EQ(recorder.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(recorder.status().message()),
              HasSubstr("/no-such-folder/a.mp4"));
}

TEST(RecordingClockTest, FollowsCaptureTimesThroughJitter) {
  RecordingClock clock;
  const Time start = Clock::now();
  EXPECT_EQ(clock.Stamp(1'000'000, start), 0);
  EXPECT_EQ(clock.Stamp(1'020'000, start + milliseconds(35)), 20'000);
  EXPECT_EQ(clock.Stamp(1'040'000, start + milliseconds(36)), 40'000);
}

TEST(RecordingClockTest, FollowsCaptureTimesThroughStallsOfSeconds) {
  RecordingClock clock;
  const Time start = Clock::now();
  EXPECT_EQ(clock.Stamp(1'000'000, start), 0);
  EXPECT_EQ(clock.Stamp(1'008'000, start + milliseconds(9)), 8'000);
  // Nothing for two seconds, then all that was captured meanwhile at once.
  for (int i = 2; i < 250; ++i) {
    EXPECT_EQ(clock.Stamp(1'000'000 + i * 8'000,
                          start + milliseconds(2'009) +
                              std::chrono::microseconds(11 * i)),
              i * 8'000);
  }
}

TEST(RecordingClockTest, AFirstFrameThatComesLateShiftsNoOther) {
  RecordingClock clock;
  const Time late = Clock::now();
  EXPECT_EQ(clock.Stamp(1'000'000, late), 0);
  for (int i = 1; i < 100; ++i) {
    EXPECT_EQ(clock.Stamp(1'000'000 + i * 80'000, late), i * 80'000);
  }
}

TEST(RecordingClockTest, AFirstPictureOfSecondsAgoIsNoLongFirstFrame) {
  RecordingClock clock;
  const Time start = Clock::now();
  EXPECT_EQ(clock.Stamp(1'000'000, start), 0);
  EXPECT_EQ(clock.Stamp(4'000'000, start + milliseconds(20)), 120'000);
  EXPECT_EQ(clock.Stamp(4'020'000, start + milliseconds(40)), 140'000);
}

TEST(RecordingClockTest, NonsenseFallsBackToTheArrival) {
  RecordingClock clock;
  const Time start = Clock::now();
  EXPECT_EQ(clock.Stamp(9'000'000, start), 0);
  EXPECT_EQ(clock.Stamp(9'020'000, start + milliseconds(20)), 20'000);
  EXPECT_EQ(clock.Stamp(5'000'000, start + milliseconds(45)), 45'000);
  EXPECT_EQ(clock.Stamp(5'020'000, start + milliseconds(60)), 65'000);
  EXPECT_EQ(clock.Stamp(60'000'000, start + milliseconds(90)), 90'000);
  EXPECT_EQ(clock.Stamp(UINT64_MAX, start + milliseconds(110)), 110'000);
}

TEST(RecordingClockTest, AnOldFirstPictureIsNoLongFirstFrame) {
  RecordingClock clock;
  const Time start = Clock::now();
  EXPECT_EQ(clock.Stamp(1'000'000, start), 0);
  EXPECT_EQ(clock.Stamp(3'600'000'000, start + milliseconds(3000)), 3'000'000);
  EXPECT_EQ(clock.Stamp(3'600'020'000, start + milliseconds(3025)), 3'020'000);
}

TEST(RecordingClockTest, AlwaysRises) {
  RecordingClock clock;
  const Time start = Clock::now();
  int64_t last = clock.Stamp(5'000, start);
  for (const uint64_t capture_us : {5'000u, 4'000u, 0u, 6'000u, 6'000u}) {
    const int64_t next = clock.Stamp(capture_us, start);
    EXPECT_GE(next, last + 1'000);
    last = next;
  }
}

}  // namespace
}  // namespace oriel::clients
