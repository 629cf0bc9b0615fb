#include "service/session/plane_tracker.h"

#include <gtest/gtest.h>

namespace oriel::session {
namespace {

capture::Frame FrameOf(uint32_t generation, bool on = true) {
  capture::Frame frame;
  frame.generation = generation;
  frame.plane.on = on;
  if (on) frame.plane.size = {8, 4};
  frame.picture = BandedPicture(frame.plane.size);
  return frame;
}

const Damage kEverything(Rect{0, 0, 8, 4});

TEST(PlaneTrackerTest, FramesOfOneSourceGenerationKeepTheirDamage) {
  PlaneTracker tracker;
  EXPECT_EQ(tracker.Scanned(FrameOf(1)).frame.damage, kEverything);
  capture::Frame next = FrameOf(1);
  next.damage.Add({1, 1, 2, 2});
  const PlaneEvent event = tracker.Scanned(next);
  EXPECT_EQ(event.frame.generation, 1u);
  EXPECT_EQ(event.frame.damage, Damage(Rect{1, 1, 2, 2}));
}

TEST(PlaneTrackerTest, AnotherSourceBeginsAGenerationThoughItCountsFromOne) {
  PlaneTracker tracker;
  tracker.Scanned(FrameOf(1));
  tracker.Attach();
  const PlaneEvent event = tracker.Scanned(FrameOf(1));
  EXPECT_EQ(event.frame.generation, 2u);
  EXPECT_EQ(event.frame.damage, kEverything);
}

TEST(PlaneTrackerTest, AfterAFailureEverythingIsDamagedInANewGeneration) {
  PlaneTracker tracker;
  tracker.Scanned(FrameOf(1));
  const absl::Status error = absl::InvalidArgumentError("format YUYV");
  const PlaneEvent failed = tracker.Failed(error);
  EXPECT_EQ(failed.frame.generation, 2u);
  EXPECT_FALSE(failed.frame.plane.on);
  EXPECT_EQ(failed.reason, "format YUYV");
  EXPECT_EQ(tracker.Failed(error).frame.generation, 2u);
  const PlaneEvent good = tracker.Scanned(FrameOf(1));
  EXPECT_EQ(good.frame.generation, 3u);
  EXPECT_EQ(good.frame.damage, kEverything);
  EXPECT_EQ(good.reason, "");
}

TEST(PlaneTrackerTest, AnotherReasonIsTold) {
  PlaneTracker tracker;
  tracker.Failed(absl::InvalidArgumentError("one"));
  const PlaneEvent event = tracker.Failed(absl::InvalidArgumentError("two"));
  EXPECT_EQ(event.frame.generation, 2u);
  EXPECT_EQ(event.reason, "two");
}

TEST(PlaneTrackerTest, APlaneThatIsOffSaysWhyThatOftenIs) {
  PlaneTracker tracker;
  const PlaneEvent event = tracker.Scanned(FrameOf(1, /*on=*/false));
  EXPECT_EQ(event.reason, kPlaneOffReason);
  EXPECT_TRUE(event.frame.damage.empty());
}

}  // namespace
}  // namespace oriel::session
