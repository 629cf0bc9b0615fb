#include "service/session/viewer_state.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "absl/status/status.h"

namespace oriel::session {
namespace {

class SizedMessage final : public WireMessage {
 public:
  explicit SizedMessage(size_t size_bytes) : size_bytes_(size_bytes) {}
  size_t size_bytes() const override { return size_bytes_; }

 private:
  const size_t size_bytes_;
};

WireMessagePtr Message(size_t size_bytes = 10) {
  return std::make_shared<SizedMessage>(size_bytes);
}

constexpr Rect kAll = {0, 0, 100, 100};
const Damage kEverything(kAll);
constexpr ViewerLimits kLimits = {.queued_messages = 2,
                                  .queued_bytes = 100,
                                  .window_bytes = 100,
                                  .window_messages = 3};

OutgoingUpdate UpdateOf(uint64_t sequence, const Rect& rect,
                        size_t size_bytes = 10) {
  return {.message = Message(size_bytes),
          .sequence = sequence,
          .destinations = std::make_shared<const Damage>(rect)};
}

constexpr Rect RowOf(int32_t y) { return {0, y, 100, 1}; }

class ViewerStateTest : public ::testing::Test {
 protected:
  explicit ViewerStateTest(bool acknowledges = false)
      : viewer_(kLimits, acknowledges) {
    viewer_.Open(Message());
    viewer_.StartGeneration(Message(), kEverything, /*fresh=*/true);
    EXPECT_TRUE(Send());
    EXPECT_TRUE(Send());
    EXPECT_FALSE(Send());
  }

  // Writes one message and lets it leave.
  bool Send() {
    const bool sent = viewer_.Next({}) != nullptr;
    if (sent) viewer_.Written();
    return sent;
  }
  absl::Status Acknowledge(uint64_t sequence, uint64_t received_count = 0,
                           Time now = {}) {
    return viewer_.Acknowledge(sequence, received_count, now);
  }
  void MakeStale() {
    viewer_.Resync(kEverything, /*fresh=*/false);
    ASSERT_FALSE(viewer_.current());
  }
  // One band that makes everything what the reference is at `sequence`.
  void CatchUp(uint64_t sequence, uint64_t lane_sequence) {
    const Damage part = viewer_.region();
    const uint64_t ticket = viewer_.BeginCatchUp(part);
    const OutgoingUpdate update = {
        .message = Message(),
        .sequence = sequence,
        .destinations = std::make_shared<const Damage>(part)};
    viewer_.EndCatchUp(ticket, part, part, &update, lane_sequence);
  }

  ViewerState viewer_;
};

TEST_F(ViewerStateTest, OpenedThenFormatThenUpdatesOneAtATime) {
  ViewerState viewer(kLimits, false);
  const WireMessagePtr opened = Message();
  const WireMessagePtr format = Message();
  const OutgoingUpdate update = UpdateOf(1, kAll);
  viewer.StartGeneration(format, kEverything, /*fresh=*/true);
  viewer.Publish(update);
  EXPECT_EQ(viewer.Next({}), nullptr);
  viewer.Open(opened);
  EXPECT_EQ(viewer.Next({}), opened);
  EXPECT_EQ(viewer.Next({}), nullptr);
  viewer.Written();
  EXPECT_EQ(viewer.Next({}), format);
  viewer.Written();
  EXPECT_EQ(viewer.Next({}), update.message);
}

TEST_F(ViewerStateTest, OverItsBoundTheQueueIsDroppedIntoTheRegion) {
  viewer_.Publish(UpdateOf(1, RowOf(1)));
  ASSERT_NE(viewer_.Next({}), nullptr);  // under way: not dropped
  viewer_.Publish(UpdateOf(2, RowOf(2)));
  viewer_.Publish(UpdateOf(3, RowOf(3)));
  EXPECT_TRUE(viewer_.current());
  viewer_.Publish(UpdateOf(4, RowOf(4)));
  EXPECT_FALSE(viewer_.current());
  EXPECT_EQ(viewer_.region(), Damage(Rect{0, 2, 100, 3}));
  viewer_.Written();
  EXPECT_EQ(viewer_.Next({}), nullptr);
}

TEST_F(ViewerStateTest, TheQueuesBytesAreBoundedButOneUpdateAlwaysFits) {
  viewer_.Publish(UpdateOf(1, RowOf(1), 1000));
  EXPECT_TRUE(viewer_.current());
  viewer_.Publish(UpdateOf(2, RowOf(2)));
  EXPECT_FALSE(viewer_.current());
}

TEST_F(ViewerStateTest, APausedViewersRegionDoesNotGrowWithTime) {
  viewer_.SetPaused(true, 0);
  for (uint64_t sequence = 1; sequence <= 5000; ++sequence) {
    const int32_t at = static_cast<int32_t>(sequence * 2 % 10000);
    viewer_.Publish(
        UpdateOf(sequence, {at % 100 + at / 100 % 2, at / 100, 1, 1}));
  }
  EXPECT_LE(viewer_.region().Rects().size(), 2048u);
  viewer_.SetPaused(false, 5000);
  EXPECT_TRUE(viewer_.WantsCatchUp(5000));
}

TEST_F(ViewerStateTest, WhatChangesAgainWaitsForTheRest) {
  MakeStale();
  const Damage top(Rect{0, 0, 100, 50});
  const Damage bottom(Rect{0, 50, 100, 50});
  EXPECT_EQ(viewer_.waiting(), kEverything);
  const OutgoingUpdate update = UpdateOf(7, {0, 0, 100, 50});
  const uint64_t ticket = viewer_.BeginCatchUp(top);
  viewer_.Publish(UpdateOf(8, RowOf(3)));
  viewer_.EndCatchUp(ticket, top, top, &update, 8);
  EXPECT_EQ(viewer_.waiting(), bottom);
  EXPECT_TRUE(viewer_.region().Contains(RowOf(3)));
  const uint64_t second = viewer_.BeginCatchUp(bottom);
  viewer_.EndCatchUp(second, bottom, bottom, &update, 8);
  EXPECT_EQ(viewer_.waiting(), Damage(RowOf(3)));
}

TEST_F(ViewerStateTest, AStaleViewerGetsNoSharedUpdate) {
  MakeStale();
  viewer_.Publish(UpdateOf(5, RowOf(1)));
  EXPECT_EQ(viewer_.Next({}), nullptr);
}

TEST_F(ViewerStateTest, CaughtUpWithTheReferenceItIsCurrentAgain) {
  MakeStale();
  EXPECT_TRUE(viewer_.WantsCatchUp(7));
  CatchUp(/*sequence=*/7, /*lane_sequence=*/7);
  EXPECT_TRUE(viewer_.current());
  EXPECT_FALSE(viewer_.WantsCatchUp(7));
  viewer_.Publish(UpdateOf(8, RowOf(1)));
  EXPECT_TRUE(Send());
  EXPECT_TRUE(Send());
}

TEST_F(ViewerStateTest, ABandOfAnOlderReferenceLeavesItStale) {
  MakeStale();
  CatchUp(/*sequence=*/7, /*lane_sequence=*/8);
  EXPECT_FALSE(viewer_.current());
  EXPECT_TRUE(Send());
  // Nothing differs any more, but its sequence is not the lane's.
  EXPECT_TRUE(viewer_.region().empty());
  EXPECT_TRUE(viewer_.WantsCatchUp(8));
  CatchUp(8, 8);
  EXPECT_TRUE(viewer_.current());
}

TEST_F(ViewerStateTest, WhatChangesWhileABandIsMadeStaysInTheRegion) {
  MakeStale();
  const uint64_t ticket = viewer_.BeginCatchUp(kEverything);
  EXPECT_FALSE(viewer_.WantsCatchUp(7));
  viewer_.Publish(UpdateOf(8, RowOf(3)));
  const Damage done(Rect{0, 0, 100, 50});
  const OutgoingUpdate band = UpdateOf(7, done.Bounds());
  viewer_.EndCatchUp(ticket, kEverything, done, &band, 8);
  Damage expected(Rect{0, 50, 100, 50});
  expected.Add(RowOf(3));
  EXPECT_EQ(viewer_.region(), expected);
}

TEST_F(ViewerStateTest, ABandThatCouldNotBeMadeGoesBackToTheRegion) {
  MakeStale();
  const uint64_t ticket = viewer_.BeginCatchUp(kEverything);
  viewer_.EndCatchUp(ticket, kEverything, {}, nullptr, 7);
  EXPECT_EQ(viewer_.region(), kEverything);
  EXPECT_TRUE(viewer_.WantsCatchUp(7));
}

TEST_F(ViewerStateTest, ABandFromBeforeAResyncIsThrownAway) {
  MakeStale();
  const uint64_t ticket = viewer_.BeginCatchUp(kEverything);
  viewer_.Resync(kEverything, /*fresh=*/false);
  const OutgoingUpdate band = UpdateOf(7, kAll);
  viewer_.EndCatchUp(ticket, kEverything, kEverything, &band, 7);
  EXPECT_EQ(viewer_.region(), kEverything);
  EXPECT_EQ(viewer_.Next({}), nullptr);
}

TEST_F(ViewerStateTest, CatchUpWaitsForAFreeTransport) {
  viewer_.Publish(UpdateOf(1, RowOf(1)));
  ASSERT_NE(viewer_.Next({}), nullptr);
  MakeStale();
  EXPECT_FALSE(viewer_.WantsCatchUp(7));
  viewer_.Written();
  EXPECT_TRUE(viewer_.WantsCatchUp(7));
}

TEST_F(ViewerStateTest, ANewGenerationDropsTheOldOnesUpdates) {
  viewer_.Publish(UpdateOf(1, RowOf(1)));
  const WireMessagePtr format = Message();
  viewer_.StartGeneration(format, kEverything, /*fresh=*/true);
  EXPECT_TRUE(viewer_.current());
  EXPECT_EQ(viewer_.Next({}), format);
  viewer_.Written();
  EXPECT_EQ(viewer_.Next({}), nullptr);
}

TEST_F(ViewerStateTest, PausedItGetsNothingAndMissesWhatIsPublished) {
  viewer_.Publish(UpdateOf(1, RowOf(1)));
  viewer_.SetPaused(true, 1);
  viewer_.Publish(UpdateOf(2, RowOf(2)));
  EXPECT_EQ(viewer_.Next({}), nullptr);
  viewer_.SetPaused(false, 2);
  EXPECT_FALSE(viewer_.current());
  EXPECT_EQ(viewer_.region(), Damage(Rect{0, 1, 100, 2}));
}

TEST_F(ViewerStateTest, APauseInWhichNothingChangedCostsNothing) {
  viewer_.Publish(UpdateOf(1, RowOf(1)));
  ASSERT_TRUE(Send());
  viewer_.SetPaused(true, 1);
  viewer_.SetPaused(false, 1);
  EXPECT_TRUE(viewer_.current());
}

TEST_F(ViewerStateTest, AKeyframeMakesAStaleViewerCurrent) {
  MakeStale();
  EXPECT_TRUE(viewer_.WantsKeyframe());
  OutgoingUpdate keyframe = UpdateOf(9, kAll);
  keyframe.restarts = true;
  viewer_.Publish(keyframe);
  EXPECT_TRUE(viewer_.current());
  EXPECT_TRUE(viewer_.region().empty());
  EXPECT_EQ(viewer_.Next({}), keyframe.message);
}

TEST_F(ViewerStateTest, AKeyframeOvertakesAFullQueue) {
  for (int i = 1; i <= 2; ++i) viewer_.Publish(UpdateOf(i, RowOf(i)));
  OutgoingUpdate keyframe = UpdateOf(3, kAll);
  keyframe.restarts = true;
  viewer_.Publish(keyframe);
  EXPECT_TRUE(viewer_.current());
  EXPECT_EQ(viewer_.Next({}), keyframe.message);
}

TEST_F(ViewerStateTest, AHeartbeatComesOnlyWhenNothingElseWasSent) {
  const Time start{};
  viewer_.Publish(UpdateOf(1, RowOf(1)));
  ASSERT_NE(viewer_.Next(start + std::chrono::seconds(5)), nullptr);
  EXPECT_FALSE(viewer_.WantsHeartbeat(start + std::chrono::seconds(9)));
  viewer_.Written();
  EXPECT_FALSE(viewer_.WantsHeartbeat(start + std::chrono::seconds(4)));
  EXPECT_TRUE(viewer_.WantsHeartbeat(start + std::chrono::seconds(5)));
  const WireMessagePtr heartbeat = Message();
  viewer_.SetHeartbeat(heartbeat);
  EXPECT_EQ(viewer_.Next(start + std::chrono::seconds(9)), heartbeat);
}

class AcknowledgingViewerTest : public ViewerStateTest {
 protected:
  AcknowledgingViewerTest() : ViewerStateTest(/*acknowledges=*/true) {}
};

TEST_F(AcknowledgingViewerTest, TheWindowHoldsBackUntilAcknowledged) {
  viewer_.Publish(UpdateOf(1, RowOf(1), 60));
  EXPECT_TRUE(Send());
  viewer_.Publish(UpdateOf(2, RowOf(2), 60));
  EXPECT_FALSE(Send());
  EXPECT_TRUE(Acknowledge(1).ok());
  EXPECT_TRUE(Send());
}

TEST_F(AcknowledgingViewerTest, AnUpdateLargerThanTheWindowGoesAlone) {
  viewer_.Publish(UpdateOf(1, RowOf(1), 1000));
  EXPECT_TRUE(Send());
  viewer_.Publish(UpdateOf(2, RowOf(2), 1));
  EXPECT_FALSE(Send());
}

TEST_F(AcknowledgingViewerTest, AcknowledgementsAreCumulative) {
  for (int i = 1; i <= 3; ++i) {
    viewer_.Publish(UpdateOf(i, RowOf(i), 1));
    EXPECT_TRUE(Send());
  }
  viewer_.Publish(UpdateOf(4, RowOf(4), 1));
  EXPECT_FALSE(Send());  // three messages are the window, however small
  EXPECT_TRUE(Acknowledge(3).ok());
  EXPECT_TRUE(Send());
  EXPECT_TRUE(Acknowledge(2).ok());  // late, harmless
}

TEST_F(AcknowledgingViewerTest, AnUpdateNeverSentCannotBeAcknowledged) {
  viewer_.Publish(UpdateOf(1, RowOf(1)));
  EXPECT_TRUE(absl::IsInvalidArgument(Acknowledge(1)));
  EXPECT_TRUE(Send());
  EXPECT_TRUE(Acknowledge(1).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Acknowledge(2)));
}

TEST_F(AcknowledgingViewerTest, AResyncOpensAWindowThatIsFull) {
  viewer_.Publish(UpdateOf(1, RowOf(1), 100));
  EXPECT_TRUE(Send());
  viewer_.Resync(kEverything, /*fresh=*/false);
  EXPECT_TRUE(viewer_.WantsCatchUp(1));
  CatchUp(1, 1);
  EXPECT_TRUE(Send());
}

TEST_F(ViewerStateTest, TheNewestPointerReplacesOneThatWaits) {
  const auto shape = std::make_shared<int>(1);
  const WireMessagePtr newest = Message();
  viewer_.SetCursor(Message(), std::make_shared<int>(2));
  viewer_.SetCursor(newest, shape);
  EXPECT_EQ(viewer_.cursor_shape(), nullptr);
  EXPECT_EQ(viewer_.Next({}), newest);
  viewer_.Written();
  EXPECT_EQ(viewer_.cursor_shape(), shape);
  // A move carries none and leaves what was sent.
  viewer_.SetCursor(Message(), nullptr);
  EXPECT_TRUE(Send());
  EXPECT_EQ(viewer_.cursor_shape(), shape);
  EXPECT_FALSE(Send());
}

TEST_F(ViewerStateTest, APausedViewerHearsOfThePointerAfterwards) {
  viewer_.SetPaused(true, 0);
  viewer_.SetCursor(Message(), nullptr);
  EXPECT_FALSE(Send());
  viewer_.SetPaused(false, 0);
  EXPECT_TRUE(Send());
}

TEST_F(AcknowledgingViewerTest, APointerPassesAFullWindow) {
  viewer_.Publish(UpdateOf(1, RowOf(1), 100));
  EXPECT_TRUE(Send());
  viewer_.Publish(UpdateOf(2, RowOf(2), 100));
  const WireMessagePtr cursor = Message();
  viewer_.SetCursor(cursor, nullptr);
  EXPECT_EQ(viewer_.Next({}), cursor);
}

TEST_F(AcknowledgingViewerTest, AHeartbeatPassesAFullWindow) {
  viewer_.Publish(UpdateOf(1, RowOf(1), 100));
  EXPECT_TRUE(Send());
  viewer_.Publish(UpdateOf(2, RowOf(2), 100));
  const WireMessagePtr heartbeat = Message();
  viewer_.SetHeartbeat(heartbeat);
  EXPECT_EQ(viewer_.Next({}), heartbeat);
}

class MeasuredViewerTest : public ::testing::Test {
 protected:
  MeasuredViewerTest() : viewer_({.first_bytes = 50'000}, true) {
    viewer_.Open(Message());
    viewer_.StartGeneration(Message(), kEverything, /*fresh=*/false);
    for (int i = 0; i < 2; ++i) {
      viewer_.Next({});
      viewer_.Written();
    }
  }

  // A part of the region in a message that is under way then.
  void CatchUp(const Rect& part, size_t size_bytes) {
    ASSERT_TRUE(viewer_.WantsCatchUp(kSequence));
    const Damage damage(part);
    const uint64_t ticket = viewer_.BeginCatchUp(damage);
    const OutgoingUpdate update = {
        .message = Message(size_bytes),
        .sequence = kSequence,
        .catch_up = true,
        .destinations = std::make_shared<const Damage>(damage)};
    viewer_.EndCatchUp(ticket, damage, damage, &update, kSequence);
    viewer_.Next({});
    viewer_.Written();
  }

  static constexpr uint64_t kSequence = 7;
  ViewerState viewer_;
};

TEST_F(MeasuredViewerTest, LittleIsUnderWayUntilItsLinkIsKnown) {
  for (int32_t y = 0; y < 2; ++y) CatchUp(RowOf(y), 30'000);
  EXPECT_FALSE(viewer_.WantsCatchUp(kSequence));
  EXPECT_EQ(viewer_.CatchUpBytes(24, 64), 24u);
  // What came of it makes room, and shows that there is more.
  EXPECT_TRUE(viewer_.Acknowledge(kSequence, 1, {}).ok());
  EXPECT_TRUE(viewer_.WantsCatchUp(kSequence));
  CatchUp(RowOf(2), 30'000);
  EXPECT_TRUE(viewer_.WantsCatchUp(kSequence));
}

TEST_F(MeasuredViewerTest, WhoDoesNotCountIsNotMeasured) {
  for (int32_t y = 0; y < 2; ++y) CatchUp(RowOf(y), 30'000);
  EXPECT_TRUE(viewer_.Acknowledge(kSequence, 0, {}).ok());
  for (int32_t y = 2; y < 9; ++y) CatchUp(RowOf(y), 30'000);
  EXPECT_EQ(viewer_.CatchUpBytes(24, 64), 64u);
  EXPECT_FALSE(viewer_.link_bytes_per_s().has_value());
}

TEST_F(MeasuredViewerTest, MoreThanWasSentIsRefused) {
  CatchUp(RowOf(0), 30'000);
  EXPECT_TRUE(absl::IsInvalidArgument(viewer_.Acknowledge(kSequence, 2, {})));
}

TEST_F(MeasuredViewerTest, AStillIsShownUntilWhatItShowsChanges) {
  const Time now = Time() + std::chrono::hours(1);
  const Time later = now + std::chrono::seconds(3);
  EXPECT_EQ(viewer_.Unshown(now), kEverything);
  const uint64_t ticket = viewer_.BeginCatchUp(kEverything);
  viewer_.Publish(UpdateOf(8, RowOf(4)));  // while the still is made
  viewer_.NoteStill(ticket, kEverything, now);
  const OutgoingUpdate still = {.message = Message(),
                                .sequence = kSequence,
                                .catch_up = true,
                                .destinations = std::make_shared<Damage>()};
  viewer_.EndCatchUp(ticket, kEverything, {}, &still, 8);
  EXPECT_EQ(viewer_.region(), kEverything);
  EXPECT_FALSE(viewer_.current());
  EXPECT_TRUE(viewer_.Unshown(now).empty());
  EXPECT_EQ(viewer_.Unshown(later), Damage(RowOf(4)));
  viewer_.Publish(UpdateOf(9, RowOf(6)));
  EXPECT_TRUE(viewer_.Unshown(later).Contains(RowOf(6)));
  viewer_.Resync(kEverything, /*fresh=*/false);
  EXPECT_EQ(viewer_.Unshown(now), kEverything);
}

}  // namespace
}  // namespace oriel::session
