// Recordings of screens that rest, over days: no test waits for any of them.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "clients/cli/recorder.h"
#include "clients/cli/recorder_fixture.h"
#include "gmock/gmock.h"

namespace oriel::clients {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

// An .mp4's frames stand for 2^31 - 1 ticks of 1/90000 s at most.
constexpr double kLongestMp4FrameS = 23860.93;

uint64_t FileBytes(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? status.st_size : 0;
}

// Plays an orield to a recorder.
class RecorderRestTest : public RecorderTest {
 protected:
  // Keyframes, and what follows the first of them.
  void Open(std::optional<milliseconds> duration = std::nullopt) {
    keyframes_ = EncodeH264Samples(64, 64, 2, 1);
    film_ = EncodeH264Samples(64, 64, 4);
    ASSERT_EQ(keyframes_.size(), 2u);
    ASSERT_EQ(film_.size(), 4u);
    recorder_ = Create(false, duration);
    ASSERT_TRUE(recorder_->OnFormat(format_, start_).ok());
  }

  // Whether the recorder asks for a resync.
  bool Feed(const AccessUnit& unit, Duration at) {
    const auto capture_us =
        std::chrono::duration_cast<std::chrono::microseconds>(at).count();
    const auto resync = recorder_->OnUpdate(
        Update(format_, ++sequence_, unit, 7'000'000 + capture_us), unit.bytes,
        start_ + at);
    EXPECT_TRUE(resync.ok()) << resync.status();
    return resync.ok() && *resync;
  }

  // As long as the screen rests, each wish for its picture is fulfilled.
  void Rest(Duration until) {
    while (recorder_->repeat_due() <= start_ + until) {
      const Time due = recorder_->repeat_due();
      ASSERT_EQ(recorder_->TakeRepeat(due), 0u);
      ASSERT_FALSE(Feed(keyframes_[sequence_ % 2], due - start_));
    }
  }

  const v1::StreamFormat format_ = Format(1, 64, 64);
  std::vector<AccessUnit> keyframes_;
  std::vector<AccessUnit> film_;
  std::unique_ptr<Recorder> recorder_;
  uint64_t sequence_ = 0;
};

TEST_P(RecorderRestTest, ADayAWeekAndAYearAreRecorded) {
  for (const hours rest : {hours(24), hours(7 * 24), hours(366 * 24)}) {
    SCOPED_TRACE(rest.count());
    Open();
    Feed(film_[0], {});
    Feed(film_[1], milliseconds(50));
    Rest(rest);
    Feed(keyframes_[0], rest);
    ASSERT_TRUE(recorder_->Finish(start_ + rest + seconds(2)).ok());
    ASSERT_EQ(recorder_->files().size(), 1u);
    const RecordedFile& file = recorder_->files()[0];
    const Probe probe = ProbeFile(path_);
    EXPECT_TRUE(probe.clean);
    const double rest_s = static_cast<double>(seconds(rest).count());
    EXPECT_NEAR(probe.duration_s, rest_s + 2, 0.01);
    EXPECT_NEAR(std::chrono::duration<double>(file.duration).count(),
                probe.duration_s, 0.01);
    EXPECT_EQ(file.frame_count, static_cast<uint64_t>(probe.packet_count));
    EXPECT_EQ(probe.decoded_count, probe.packet_count);
    EXPECT_NEAR(probe.times_s.back(), rest_s, 0.01);
    for (size_t i = 1; i < probe.times_s.size(); ++i) {
      EXPECT_LE(probe.times_s[i] - probe.times_s[i - 1], 3 * 3600 + 1);
    }
    // Rest costs little.
    EXPECT_LE(file.frame_count, 16u + rest.count() / 3);
    unlink(path_.c_str());
  }
}

TEST_P(RecorderRestTest, ARestToTheWishedEndIsRecorded) {
  Open(hours(8));
  Feed(film_[0], {});
  Rest(hours(8));
  ASSERT_EQ(recorder_->end(), start_ + hours(8));
  ASSERT_TRUE(recorder_->Finish(*recorder_->end()).ok());
  const Probe probe = ProbeFile(path_);
  EXPECT_TRUE(probe.clean);
  EXPECT_NEAR(probe.duration_s, 8 * 3600, 0.001);
}

// A recorder that was stopped for a night, or a server that never answers.
TEST_P(RecorderRestTest, AFrameThatStoodTooLongForAnMp4BeginsAnotherFile) {
  Open();
  Feed(film_[0], {});
  Feed(film_[1], milliseconds(50));
  const bool resync = Feed(film_[2], hours(7));
  const bool mp4 = path_.ends_with(".mp4");
  EXPECT_EQ(resync, mp4);
  if (mp4) {
    ASSERT_EQ(recorder_->files().size(), 1u);
    EXPECT_TRUE(Feed(film_[3], hours(7) + milliseconds(20)));
    EXPECT_FALSE(Feed(keyframes_[0], hours(7) + seconds(1)));
    // A keyframe begins the next one at once.
    EXPECT_FALSE(Feed(keyframes_[1], hours(14)));
  }
  ASSERT_TRUE(recorder_->Finish(start_ + hours(14) + seconds(3)).ok());
  const auto& files = recorder_->files();
  ASSERT_EQ(files.size(), mp4 ? 3u : 1u);
  for (const RecordedFile& file : files) {
    const Probe probe = ProbeFile(file.path);
    EXPECT_TRUE(file.complete && probe.clean) << file.path;
    EXPECT_EQ(file.frame_count, static_cast<uint64_t>(probe.decoded_count));
    EXPECT_NEAR(std::chrono::duration<double>(file.duration).count(),
                probe.duration_s, 0.01);
  }
  const Probe first = ProbeFile(path_);
  EXPECT_EQ(first.decoded_count, mp4 ? 2 : 3);
  EXPECT_NEAR(first.duration_s, mp4 ? kLongestMp4FrameS + 0.05 : 14 * 3600 + 3,
              0.1);
  if (mp4) {
    EXPECT_NEAR(ProbeFile(files[2].path).duration_s, 3, 0.01);
    unlink(files[2].path.c_str());
  }
}

TEST_P(RecorderRestTest, ARestWithoutRepeatsClaimsWhatTheFileHas) {
  Open();
  Feed(film_[0], {});
  ASSERT_TRUE(recorder_->Finish(start_ + hours(8)).ok());
  const double duration_s =
      path_.ends_with(".mp4") ? kLongestMp4FrameS : 8 * 3600;
  EXPECT_NEAR(ProbeFile(path_).duration_s, duration_s, 0.01);
  EXPECT_NEAR(
      std::chrono::duration<double>(recorder_->files()[0].duration).count(),
      duration_s, 0.01);
}

TEST_P(RecorderRestTest, AWishedDurationIsTheFilesToTheMillisecond) {
  Open(seconds(2));
  // The first frame came late, so that the others' capture times run ahead.
  Feed(film_[0], {});
  int i = 0;
  while (!recorder_->over()) {
    ++i;
    const AccessUnit& unit = keyframes_[i % 2];
    const auto resync = recorder_->OnUpdate(
        Update(format_, ++sequence_, unit, 7'000'000 + i * 19'000), unit.bytes,
        start_ + milliseconds(18) * i);
    ASSERT_TRUE(resync.ok()) << resync.status();
    ASSERT_LT(i, 1000);
  }
  EXPECT_LT(milliseconds(18) * i, seconds(2));
  ASSERT_TRUE(recorder_->Finish(*recorder_->end()).ok());
  const Probe probe = ProbeFile(path_);
  EXPECT_TRUE(probe.clean);
  EXPECT_NEAR(probe.duration_s, 2.0, 0.0006);
  EXPECT_LT(probe.times_s.back(), 2.0);
}

TEST_P(RecorderRestTest, AKilledRecorderHasLostTheLastFrameOfAnMkv) {
  Open();
  for (int i = 0; i < 3; ++i) Feed(film_[i], milliseconds(50) * i);
  Rest(hours(1));
  const uint64_t fed = sequence_;
  recorder_.reset();  // nothing is completed, as after SIGKILL
  const Probe probe = ProbeFile(path_);
  if (path_.ends_with(".mkv")) {
    EXPECT_TRUE(probe.clean);
    EXPECT_EQ(static_cast<uint64_t>(probe.packet_count), fed - 1);
    EXPECT_GT(fed, 3u);
  } else {
    EXPECT_EQ(probe.packet_count, 0);
  }
}

// In a process of its own: the limit and the signal are the process's.
[[noreturn]] void FinishBeyondTheLimit(Recorder& recorder, Time end) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{1000, 1000};
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
  if (recorder.Finish(end).ok()) _exit(3);
  if (recorder.files().size() != 1) _exit(4);
  _exit(recorder.files()[0].complete ? 5 : 0);
}

TEST_P(RecorderRestTest, AFileThatCouldNotBeCompletedIsNotCalledComplete) {
  Open();
  for (int i = 0; i < 4; ++i) Feed(film_[i], milliseconds(50) * i);
  EXPECT_EXIT(FinishBeyondTheLimit(*recorder_, start_ + seconds(1)),
              ::testing::ExitedWithCode(0), "");
}

// As above; nothing of the first frame fits.
[[noreturn]] void BeginBeyondTheLimit(Recorder& recorder,
                                      const v1::FrameUpdate& update,
                                      const std::string& payload, Time now) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{300'000, 300'000};
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
  const auto status = recorder.OnUpdate(update, payload, now).status();
  if (!absl::IsResourceExhausted(status)) _exit(3);
  if (!recorder.Finish(now).ok()) _exit(4);
  _exit(recorder.files().empty() ? 0 : 5);
}

TEST_P(RecorderRestTest, AFileWithoutAFrameIsRemovedAndClaimsNothing) {
  Open();
  AccessUnit large = film_[0];
  // A filler NAL unit makes it large.
  large.bytes += std::string("\0\0\1\x0c", 4) + std::string(100'000, '\xff') +
                 std::string("\x80", 1);
  EXPECT_EXIT(BeginBeyondTheLimit(*recorder_, Update(format_, 1, large, 1),
                                  large.bytes, start_),
              ::testing::ExitedWithCode(0), "");
  EXPECT_EQ(FileBytes(path_), 0u);
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

INSTANTIATE_TEST_SUITE_P(Formats, RecorderRestTest,
                         ::testing::Values(".mp4", ".mkv"));

TEST(RepeatScheduleTest, RestIsAskedForEverMoreSeldom) {
  RepeatSchedule schedule(/*soon=*/true);
  EXPECT_EQ(schedule.due(), Time::max());
  Time now{};
  schedule.OnFrame(false, now);
  for (const Duration pause :
       {Duration(seconds(3)), Duration(minutes(10)), Duration(minutes(20)),
        Duration(minutes(40)), Duration(minutes(80)), Duration(minutes(160)),
        Duration(hours(3)), Duration(hours(3))}) {
    EXPECT_EQ(schedule.due(), now + pause);
    now = schedule.due();
    schedule.Asked(now);
    EXPECT_EQ(schedule.due(), now + minutes(5)) << "no answer: asked again";
    schedule.OnFrame(true, now);
  }
  schedule.OnFrame(true, now);  // nobody asked: the screen has changed
  EXPECT_EQ(schedule.due(), now + seconds(3));
}

TEST(RepeatScheduleTest, AnMp4WaitsForTenMinutes) {
  RepeatSchedule schedule(/*soon=*/false);
  schedule.OnFrame(true, Time{});
  EXPECT_EQ(schedule.due(), Time{} + minutes(10));
  schedule.Asked(Time{} + minutes(10));
  schedule.OnFrame(false, Time{} + minutes(11));  // a change is no answer
  EXPECT_EQ(schedule.due(), Time{} + minutes(21));
}

TEST(RecordingNameTest, AnMkvPlaysWhenItWasCutOff) {
  EXPECT_TRUE(PlaysWhenCutOff("a.mkv"));
  EXPECT_TRUE(PlaysWhenCutOff("a.MKV"));
  EXPECT_FALSE(PlaysWhenCutOff("a.mkv.mp4"));
}

}  // namespace
}  // namespace oriel::clients
