// Pointers of a cursor plane, from a lane to its viewers.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "capture/display/frame_source.h"
#include "service/session/lane.h"
#include "service/session/plane_tracker.h"
#include "service/session/session_context.h"
#include "service/session/test_encoders.h"
#include "service/session/test_viewer.h"
#include "service/session/test_wire.h"

namespace oriel::session {
namespace {

using capture::Cursor;
using capture::CursorShape;
using Seen = TestViewer::Seen;
using ViewerPtr = std::shared_ptr<TestViewer>;

constexpr Size kSize = {64, 32};

std::shared_ptr<const CursorShape> NewShape() {
  auto shape = std::make_shared<CursorShape>();
  shape->size = {1, 1};
  shape->bgra = {1, 2, 3, 4};
  return shape;
}

class LaneCursorTest : public ::testing::Test {
 protected:
  LaneCursorTest()
      : context_(std::make_shared<SessionContext>(MakeTestEncoders(controls_),
                                                  Tuning(), &wire_, 2)),
        lane_(std::make_shared<Lane>(context_, LaneOptions{.display = "test"},
                                     [] {})) {
    frame_.generation = 1;
    frame_.plane = {.on = true, .size = kSize};
    frame_.picture = BandedPicture(kSize);
  }
  ~LaneCursorTest() override {
    controls_->Unblock();
    lane_->End(absl::CancelledError("test ends"));
    context_->timer.Stop();
    context_->steps.Stop();
    context_->workers.Stop();
    context_->publishers.Stop();
    for (const ViewerPtr& viewer : viewers_) {
      for (const auto& what : viewer->seen().violations) ADD_FAILURE() << what;
    }
  }

  ViewerPtr Join() {
    auto viewer = std::make_shared<TestViewer>();
    viewer->Connect(lane_->AddViewer(viewers_.size() + 1, false, viewer));
    viewers_.push_back(viewer);
    return viewer;
  }
  void Show() {
    lane_->OnPlane(PlaneEvent{frame_, {}});
    frame_.damage.Clear();
  }
  void Point(const Cursor& cursor) {
    frame_.cursor = cursor;
    Show();
  }
  static Seen Await(const ViewerPtr& viewer, const Cursor& cursor) {
    return viewer->Await(
        [&](const Seen& seen) { return seen.cursor == cursor; });
  }

  const std::shared_ptr<TestEncoderControls> controls_ =
      std::make_shared<TestEncoderControls>();
  const TestWire wire_;
  const std::shared_ptr<SessionContext> context_;
  const std::shared_ptr<Lane> lane_;
  std::vector<ViewerPtr> viewers_;
  capture::Frame frame_;
};

TEST_F(LaneCursorTest, MovesCostNoUpdateAndTheShapeGoesOnce) {
  const ViewerPtr viewer = Join();
  Cursor cursor = {.visible = true, .x_px = 3, .shape = NewShape()};
  Point(cursor);
  Await(viewer, cursor);
  const Seen before =
      viewer->Await([](const Seen& seen) { return seen.sequence != 0; });
  for (cursor.x_px = 4; cursor.x_px < 10; ++cursor.x_px) {
    Point(cursor);
    Await(viewer, cursor);
  }
  const Seen after = viewer->seen();
  EXPECT_EQ(after.updates.size(), before.updates.size());
  EXPECT_EQ(after.cursors, 7);
  EXPECT_EQ(after.cursor_shapes, 1);
}

TEST_F(LaneCursorTest, WhoJoinsHearsOfThePointerThatRests) {
  Join();
  const Cursor cursor = {.visible = true, .y_px = 5, .shape = NewShape()};
  Point(cursor);
  Await(viewers_[0], cursor);
  Point(cursor);
  const Seen seen = Await(Join(), cursor);
  EXPECT_EQ(seen.cursor_shapes, 1);
  EXPECT_EQ(viewers_[0]->seen().cursors, 1);
}

TEST_F(LaneCursorTest, AStuckViewerGetsTheNewestOnlyAndItsShape) {
  const ViewerPtr viewer = Join();
  viewer->Await([](const Seen& seen) { return seen.opened.has_value(); });
  viewer->Hold();
  Cursor cursor = {.visible = true, .shape = NewShape()};
  Point(cursor);
  viewer->AwaitStuck();
  for (cursor.x_px = 1; cursor.x_px < 50; ++cursor.x_px) {
    cursor.shape = NewShape();
    Point(cursor);
  }
  cursor.x_px = 100;
  Point(cursor);
  viewer->Release();
  const Seen seen = Await(viewer, cursor);
  EXPECT_LE(seen.cursors, 2);
}

TEST_F(LaneCursorTest, NowhereAndNoCursorPlaneHideIt) {
  const ViewerPtr viewer = Join();
  const Cursor cursor = {.visible = true, .shape = NewShape()};
  Point(cursor);
  Await(viewer, cursor);
  Point(Cursor{});
  Await(viewer, Cursor{});
  Point(cursor);
  EXPECT_EQ(Await(viewer, cursor).cursor_shapes, 1);
  frame_.cursor.reset();
  Show();
  Await(viewer, Cursor{});
}

TEST_F(LaneCursorTest, DeviceWithoutCursorPlaneSaysNothing) {
  const ViewerPtr viewer = Join();
  Show();
  viewer->Await([](const Seen& seen) { return seen.sequence != 0; });
  EXPECT_EQ(viewer->seen().cursors, 0);
}

TEST_F(LaneCursorTest, AnotherFormatKeepsThePointer) {
  const ViewerPtr viewer = Join();
  const Cursor cursor = {.visible = true, .shape = NewShape()};
  Point(cursor);
  Await(viewer, cursor);
  ++frame_.generation;
  Show();
  viewer->Await([](const Seen& seen) { return seen.formats == 2; });
  EXPECT_EQ(viewer->seen().cursors, 1);
}

}  // namespace
}  // namespace oriel::session
