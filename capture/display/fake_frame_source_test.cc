#include "capture/display/fake_frame_source.h"

#include <poll.h>

#include <random>
#include <thread>

#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

bool IsReadable(int fd) {
  pollfd entry = {fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}

class FakeScreenTest : public ::testing::Test {
 protected:
  Frame MustScan() {
    absl::StatusOr<Frame> frame = source_->Scan(Time{});
    EXPECT_TRUE(frame.ok()) << frame.status();
    return frame.ok() ? *std::move(frame) : Frame{};
  }

  std::shared_ptr<FakeScreen> screen_ =
      std::make_shared<FakeScreen>(Size{200, 100});
  std::unique_ptr<FrameSource> source_ = screen_->Open();
};

TEST_F(FakeScreenTest, FirstScanIsGenerationOneAndDamagesEverything) {
  const Frame frame = MustScan();
  EXPECT_EQ(frame.generation, 1u);
  EXPECT_TRUE(frame.plane.on);
  EXPECT_EQ(frame.damage, Damage(Rect{0, 0, 200, 100}));
  EXPECT_EQ(frame.picture.ToPicture(), screen_->picture());
}

TEST_F(FakeScreenTest, DamageIsTightAroundWhatWasDrawn) {
  MustScan();
  screen_->Fill({3, 5, 10, 4}, 0xFF102030);
  const Frame frame = MustScan();
  EXPECT_EQ(frame.generation, 1u);
  EXPECT_EQ(frame.damage, Damage(Rect{3, 5, 10, 4}));
  EXPECT_EQ(frame.picture.ToPicture(), screen_->picture());
  EXPECT_TRUE(MustScan().damage.empty());
}

TEST_F(FakeScreenTest, DamageLeadsFromEachFrameToTheNext) {
  std::mt19937 random(7);
  BandedPicture viewer = MustScan().picture;
  for (int i = 0; i < 50; ++i) {
    for (int n = random() % 4; n > 0; --n) {
      screen_->Fill({int32_t(random() % 200), int32_t(random() % 100),
                     int32_t(random() % 90), int32_t(random() % 50)},
                    random());
    }
    const Frame frame = MustScan();
    for (const Rect& rect : frame.damage.Rects()) {
      viewer.CopyFrom(frame.picture, rect);
    }
    ASSERT_EQ(viewer.ToPicture(), screen_->picture()) << i;
  }
}

TEST_F(FakeScreenTest, ModeChangeAndOffAreGenerationsOfTheirOwn) {
  MustScan();
  screen_->SetMode({64, 48});
  Frame frame = MustScan();
  EXPECT_EQ(frame.generation, 2u);
  EXPECT_EQ(frame.plane.size, (Size{64, 48}));
  screen_->TurnOff();
  frame = MustScan();
  EXPECT_EQ(frame.generation, 3u);
  EXPECT_EQ(frame.plane, PlaneState{});
  EXPECT_TRUE(frame.picture.empty());
  EXPECT_TRUE(frame.damage.empty());
  EXPECT_EQ(MustScan().generation, 3u);
  screen_->TurnOn();
  EXPECT_EQ(MustScan().damage, Damage(Rect{0, 0, 64, 48}));
}

TEST_F(FakeScreenTest, UnavailableScanDamagesEverythingAfterwards) {
  MustScan();
  screen_->FailScans(absl::UnavailableError("gone"));
  EXPECT_TRUE(absl::IsUnavailable(source_->Scan(Time{}).status()));
  screen_->FailScans(absl::OkStatus());
  const Frame frame = MustScan();
  EXPECT_EQ(frame.generation, 2u);
  EXPECT_EQ(frame.damage, Damage(Rect{0, 0, 200, 100}));
}

TEST_F(FakeScreenTest, HangUpEndsOpenSourcesButNotLaterOnes) {
  EXPECT_FALSE(IsReadable(source_->hangup_fd()));
  screen_->HangUp();
  EXPECT_TRUE(IsReadable(source_->hangup_fd()));
  EXPECT_TRUE(absl::IsUnavailable(source_->Scan(Time{}).status()));
  source_ = screen_->Open();
  EXPECT_FALSE(IsReadable(source_->hangup_fd()));
  MustScan();
}

TEST_F(FakeScreenTest, RevokedSourceScansNoMore) {
  source_->Revoke();
  EXPECT_TRUE(absl::IsUnavailable(source_->Scan(Time{}).status()));
}

TEST_F(FakeScreenTest, BlockedScanWaitsUntilUnblockedAndThenSeesTheLatest) {
  screen_->BlockScans();
  Frame frame;
  std::thread capture([&] { frame = MustScan(); });
  screen_->AwaitScansBegun(1);
  EXPECT_EQ(screen_->scans_ended(), 0);
  screen_->Fill({0, 0, 1, 1}, 0xFFFFFFFF);
  screen_->UnblockScans();
  screen_->AwaitScansEnded(1);
  capture.join();
  EXPECT_EQ(frame.picture.ToPicture(), screen_->picture());
}

TEST_F(FakeScreenTest, DrawingWhileScanningIsSeenWholeOrNotAtAll) {
  std::thread drawer([&] {
    for (uint32_t i = 0; i < 100; ++i) {
      screen_->Fill({0, 0, 200, 100}, 0xFF000000 | i);
    }
  });
  for (int i = 0; i < 50; ++i) {
    const Frame frame = MustScan();
    ASSERT_EQ(frame.picture.Row(0)[0], frame.picture.Row(99)[199 * 4]);
  }
  drawer.join();
}

TEST_F(FakeScreenTest, SourcesAreCounted) {
  EXPECT_EQ(screen_->open_sources(), 1);
  auto second = screen_->Open();
  screen_->AwaitOpenSources(2);
  second.reset();
  screen_->AwaitOpenSources(1);
}

}  // namespace
}  // namespace oriel::capture
