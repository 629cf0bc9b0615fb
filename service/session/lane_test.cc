#include "service/session/lane.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/picture/picture.h"
#include "capture/display/frame_source.h"
#include "encoder/update.h"
#include "service/session/plane_tracker.h"
#include "service/session/session_context.h"
#include "service/session/test_encoders.h"
#include "service/session/test_viewer.h"
#include "service/session/test_wire.h"

namespace oriel::session {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using Seen = TestViewer::Seen;
using ViewerPtr = std::shared_ptr<TestViewer>;

constexpr Size kSize = {64, 96};
constexpr Rect kAll = {0, 0, 64, 96};

// A lane whose frames the test hands over itself.
class LaneTest : public ::testing::Test {
 protected:
  LaneTest() {
    tuning_.catch_up_rows_px = 32;
    tuning_.catch_up_bytes = 4096;
  }
  ~LaneTest() override {
    controls_->UnblockOpening();
    controls_->Unblock();
    if (lane_ != nullptr) lane_->End(absl::CancelledError("test ends"));
    if (context_ == nullptr) return;
    context_->timer.Stop();
    context_->steps.Stop();
    context_->workers.Stop();
    context_->publishers.Stop();
    for (const ViewerPtr& viewer : viewers_) {
      for (const auto& what : viewer->seen().violations) ADD_FAILURE() << what;
    }
  }

  void Start(
      encoder::Encoding encoding = encoder::Encoding::kLossless,
      const std::function<void()>& on_viewers_changed = [] {}) {
    context_ = std::make_shared<SessionContext>(MakeTestEncoders(controls_),
                                                tuning_, &wire_, 2);
    lane_ = std::make_shared<Lane>(
        context_, LaneOptions{.display = "test", .encoding = encoding},
        on_viewers_changed);
  }
  ViewerPtr Join(bool acknowledges = false) {
    auto viewer = std::make_shared<TestViewer>(acknowledges);
    viewer->Connect(lane_->AddViewer(++last_id_, acknowledges, viewer));
    viewers_.push_back(viewer);
    return viewer;
  }

  void Paint(const Rect& rect) {
    ++colour_;
    for (int band = 0; band < frame_.picture.band_count(); ++band) {
      const Rect whole = frame_.picture.BandRect(band);
      const Rect part = Intersection(rect, whole);
      if (part.empty()) continue;
      uint8_t* pixels = frame_.picture.MutableBand(band);
      for (int32_t y = part.y_px; y < part.bottom_px(); ++y) {
        for (int32_t x = part.x_px; x < part.right_px(); ++x) {
          pixels[size_t(y - whole.y_px) * frame_.picture.stride_bytes() +
                 size_t(x) * kBytesPerPixel] = colour_;
        }
      }
    }
  }
  void NewMode(Size size) {
    ++frame_.generation;
    frame_.plane = {.on = !size.empty(), .size = size};
    frame_.picture = BandedPicture(size);
    if (!size.empty()) Paint(Rect::Of(size));
    Show(Rect::Of(size));
  }
  void Show(const Rect& damage) {
    PlaneEvent event{frame_, frame_.plane.on ? "" : kPlaneOffReason};
    event.frame.damage = Damage(damage);
    lane_->OnPlane(event);
  }
  void Change(const Rect& rect) {
    Paint(rect);
    Show(rect);
  }
  void ShowNothingNew() { Show({}); }
  Picture picture() const { return frame_.picture.ToPicture(); }

  const std::shared_ptr<TestEncoderControls> controls_ =
      std::make_shared<TestEncoderControls>();
  const TestWire wire_;
  Tuning tuning_;
  std::shared_ptr<SessionContext> context_;
  std::shared_ptr<Lane> lane_;
  std::vector<ViewerPtr> viewers_;
  uint64_t last_id_ = 0;
  capture::Frame frame_;
  uint8_t colour_ = 0;
};

TEST_F(LaneTest, TheFirstViewerGetsTheFirstUpdateItself) {
  Start();
  const ViewerPtr viewer = Join();
  NewMode(kSize);
  const Seen seen = viewer->AwaitPicture(picture());
  EXPECT_TRUE(seen.exact);
  ASSERT_EQ(seen.updates.size(), 1u);
  EXPECT_EQ(seen.updates[0].base_sequence, 0u);
  EXPECT_EQ(controls_->intra_encodes, 0);
}

TEST_F(LaneTest, StreamOpenedDoesNotWaitForAFrame) {
  Start();
  const ViewerPtr viewer = Join();
  const Seen seen =
      viewer->Await([](const Seen& now) { return now.opened.has_value(); });
  EXPECT_EQ(seen.opened->viewer_id, 1u);
  EXPECT_EQ(seen.opened->heartbeat_interval, milliseconds(2000));
}

TEST_F(LaneTest, WhatAJoinerIsToldAtOnceWaitsForNoEncoder) {
  tuning_.heartbeat_interval = milliseconds(4);
  controls_->BlockOpening();
  Start();
  const ViewerPtr first = Join();
  NewMode(kSize);
  const auto told = [](const Seen& now) {
    return now.opened.has_value() && now.format.has_value() &&
           now.heartbeats > 1;
  };
  // Not while the encoder is opened, nor while it encodes.
  EXPECT_EQ(first->Await(told).encoder, "");
  controls_->Block();
  controls_->UnblockOpening();
  controls_->AwaitBlockedEncode();
  EXPECT_EQ(first->Await([](const Seen& now) { return !now.encoder.empty(); })
                .encoder,
            "xor");
  EXPECT_EQ(Join()->Await(told).opened->encoder, "xor");
  controls_->Unblock();
  for (const ViewerPtr& viewer : viewers_) viewer->AwaitPicture(picture());
}

TEST_F(LaneTest, WhoLeavesWaitsForNoEncoderAndTheLaneIsKeptForWhoComesBack) {
  Start();
  const ViewerPtr first = Join();
  controls_->Block();
  NewMode(kSize);
  controls_->AwaitBlockedEncode();
  first->handle()->Leave();
  EXPECT_FALSE(lane_->idle());
  const ViewerPtr second = Join();
  ShowNothingNew();
  controls_->Unblock();
  second->AwaitPicture(picture());
  EXPECT_EQ(controls_->made, 1);
}

TEST_F(LaneTest, ALaneThatNobodyWatchesIsIdleOnceItsStepHasEnded) {
  std::promise<void> idle;
  Start(encoder::Encoding::kLossless, [&] {
    if (lane_->idle()) idle.set_value();
  });
  const ViewerPtr first = Join();
  controls_->Block();
  NewMode(kSize);
  controls_->AwaitBlockedEncode();
  first->handle()->Leave();
  controls_->Unblock();
  idle.get_future().wait();
}

TEST_F(LaneTest, AChangeIsEncodedOnceForAllViewers) {
  Start();
  for (int i = 0; i < 5; ++i) Join();
  NewMode(kSize);
  for (const ViewerPtr& viewer : viewers_) viewer->AwaitPicture(picture());
  Change({3, 3, 20, 20});
  for (const ViewerPtr& viewer : viewers_) {
    EXPECT_TRUE(viewer->AwaitPicture(picture()).exact);
  }
  EXPECT_EQ(controls_->encodes, 2);
  EXPECT_EQ(controls_->intra_encodes, 0);
}

TEST_F(LaneTest, JoinersOfARunningLaneShareTheirCatchUp) {
  Start();
  Join();
  NewMode(kSize);
  viewers_[0]->AwaitPicture(picture());
  const Seen first = Join()->AwaitPicture(picture());
  EXPECT_TRUE(first.exact);
  EXPECT_GT(first.updates.size(), 1u);
  for (const encoder::Update& update : first.updates) {
    EXPECT_EQ(update.base_sequence, 0u);
    EXPECT_EQ(update.more_follows, &update != &first.updates.back());
  }
  const int intra_encodes = controls_->intra_encodes;
  EXPECT_TRUE(Join()->AwaitPicture(picture()).exact);
  EXPECT_EQ(controls_->intra_encodes, intra_encodes);
  EXPECT_EQ(controls_->encodes, 1);
}

TEST_F(LaneTest, AStuckViewerDelaysNobodyAndCatchesUpLater) {
  Start();
  const ViewerPtr stuck = Join();
  const ViewerPtr quick = Join();
  NewMode(kSize);
  stuck->AwaitPicture(picture());
  quick->AwaitPicture(picture());
  stuck->Hold();
  for (int i = 0; i < 20; ++i) {
    Change({i, i, 30, 30});
    EXPECT_TRUE(quick->AwaitPicture(picture()).exact);
  }
  EXPECT_LE(stuck->seen().updates.size(), 2u);
  stuck->Release();
  EXPECT_TRUE(stuck->AwaitPicture(picture()).exact);
  EXPECT_GT(controls_->intra_encodes, 0);
  // Current again: the next change comes as everybody's delta.
  Change({0, 0, 5, 5});
  EXPECT_NE(stuck->AwaitPicture(picture()).updates.back().base_sequence, 0u);
}

TEST_F(LaneTest, APartThatNeverRestsKeepsNothingElseFromASlowViewer) {
  tuning_.viewer.queued_messages = 1;
  Start();
  const ViewerPtr slow = Join();
  const ViewerPtr quick = Join();
  NewMode(kSize);
  slow->AwaitPicture(picture());
  slow->Hold();
  for (int i = 0; i < 4; ++i) {
    Change(kAll);
    quick->AwaitPicture(picture());
  }
  slow->AwaitStuck();
  // Between two of its messages the top changes again.
  for (int i = 0; i < 12; ++i) {
    Change({0, 0, 64, 8});
    quick->AwaitPicture(picture());
    slow->ReleaseOne();
    slow->AwaitStuck();
  }
  const Picture shown = slow->seen().picture;
  const Picture wanted = picture();
  for (int32_t y = 32; y < kSize.height_px; ++y) {
    ASSERT_EQ(
        std::memcmp(shown.At(0, y), wanted.At(0, y), wanted.stride_bytes()), 0)
        << "row " << y;
  }
  slow->Release();
  EXPECT_TRUE(slow->AwaitPicture(picture()).exact);
}

TEST_F(LaneTest, ForASlowViewerAloneChangesMergeAndStayDeltas) {
  Start();
  const ViewerPtr viewer = Join();
  NewMode(kSize);
  viewer->AwaitPicture(picture());
  viewer->Hold();
  for (int i = 0; i < 50; ++i) Change({0, i, 64, 3});
  viewer->Release();
  const Seen seen = viewer->AwaitPicture(picture());
  EXPECT_TRUE(seen.exact);
  EXPECT_LE(controls_->encodes, 4);
  EXPECT_EQ(controls_->intra_encodes, 0);
}

TEST_F(LaneTest, AnAcknowledgingViewerIsHeldToItsWindow) {
  tuning_.viewer.window_bytes = 1;
  Start();
  const ViewerPtr viewer = Join(/*acknowledges=*/true);
  NewMode(kSize);
  for (int i = 0; i < 10; ++i) {
    Change({0, i, 64, 3});
    viewer->AwaitPicture(picture());
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      viewer->handle()->Control({.applied_sequence = 1u << 20})));
}

TEST_F(LaneTest, WhatCouldNotBeEncodedComesWithTheNextFrame) {
  Start();
  const ViewerPtr viewer = Join();
  NewMode(kSize);
  viewer->AwaitPicture(picture());
  controls_->fail = true;
  const int encodes = controls_->encodes;
  Change({8, 8, 9, 9});
  while (controls_->encodes == encodes) std::this_thread::yield();
  controls_->fail = false;
  do {
    ShowNothingNew();
  } while (viewer->seen().picture != picture());
  EXPECT_TRUE(viewer->AwaitPicture(picture()).exact);
}

TEST_F(LaneTest, AResyncBringsEverythingWithoutABase) {
  Start();
  const ViewerPtr viewer = Join();
  NewMode(kSize);
  viewer->AwaitPicture(picture());
  ASSERT_TRUE(viewer->handle()->Control({.resync = true}).ok());
  const Seen seen = viewer->Await([](const Seen& now) {
    return now.updates.size() > 1 && !now.torn && now.exact;
  });
  Damage covered;
  for (size_t i = 1; i < seen.updates.size(); ++i) {
    EXPECT_EQ(seen.updates[i].base_sequence, 0u);
    for (const auto& patch : seen.updates[i].patches) covered.Add(patch.rect);
  }
  EXPECT_EQ(covered, Damage(kAll));
}

TEST_F(LaneTest, APausedViewerGetsNothingUntilItGoesOn) {
  Start();
  const ViewerPtr paused = Join();
  const ViewerPtr other = Join();
  NewMode(kSize);
  paused->AwaitPicture(picture());
  other->AwaitPicture(picture());
  paused->SetPaused(true);
  const int messages = paused->seen().messages;
  for (int i = 0; i < 5; ++i) {
    Change({i, i, 9, 9});
    other->AwaitPicture(picture());
  }
  EXPECT_EQ(paused->seen().messages, messages);
  paused->SetPaused(false);
  EXPECT_TRUE(paused->AwaitPicture(picture()).exact);
}

TEST_F(LaneTest, AViewerPausedFromTheStartGetsThePictureOnceItGoesOn) {
  Start();
  const ViewerPtr viewer = Join();
  viewer->SetPaused(true);
  NewMode(kSize);
  ShowNothingNew();
  viewer->SetPaused(false);
  EXPECT_TRUE(viewer->AwaitPicture(picture()).exact);
}

TEST_F(LaneTest, AModeChangeDuringAStepThrowsItsUpdateAway) {
  Start();
  const ViewerPtr viewer = Join();
  NewMode(kSize);
  viewer->AwaitPicture(picture());
  controls_->Block();
  Change({0, 0, 9, 9});
  controls_->AwaitBlockedEncode();
  NewMode({40, 40});
  controls_->Unblock();
  const Seen seen = viewer->AwaitPicture(picture());
  EXPECT_EQ(seen.formats, 2);
  EXPECT_EQ(seen.updates.size(), 2u);
  EXPECT_EQ(seen.updates[1].generation, 2u);
  EXPECT_EQ(seen.updates[1].base_sequence, 0u);
}

TEST_F(LaneTest, APlaneThatGoesOffIsToldWithItsReason) {
  Start();
  const ViewerPtr viewer = Join();
  NewMode(kSize);
  viewer->AwaitPicture(picture());
  NewMode({});
  const Seen off =
      viewer->Await([](const Seen& seen) { return seen.formats == 2; });
  EXPECT_FALSE(off.format->plane.on);
  EXPECT_EQ(off.format->state_reason, kPlaneOffReason);
  const ViewerPtr joiner = Join();
  joiner->Await([](const Seen& seen) { return seen.formats == 1; });
  NewMode(kSize);
  viewer->AwaitPicture(picture());
  joiner->AwaitPicture(picture());
}

TEST_F(LaneTest, HeartbeatsComeWhileNothingChanges) {
  tuning_.heartbeat_interval = milliseconds(4);
  Start();
  Join()->Await([](const Seen& seen) { return seen.heartbeats >= 3; });
}

TEST_F(LaneTest, ASizeThatTheEncoderRefusesEndsTheStreams) {
  controls_->refuse_sizes = true;
  Start();
  const ViewerPtr viewer = Join();
  NewMode(kSize);
  const Seen seen =
      viewer->Await([](const Seen& now) { return now.closed.has_value(); });
  EXPECT_TRUE(absl::IsInvalidArgument(*seen.closed));
  EXPECT_EQ(lane_->AddViewer(99, false, viewer), nullptr);
}

TEST_F(LaneTest, EndClosesEvenAViewerWhoseWriteIsStuck) {
  Start();
  const ViewerPtr viewer = Join();
  viewer->Hold();
  NewMode(kSize);
  viewer->AwaitStuck();
  lane_->End(absl::UnavailableError("gone"));
  viewer->Await([](const Seen& seen) { return seen.closed.has_value(); });
  viewer->handle()->OnWritten();
  EXPECT_TRUE(viewer->handle()->Control({.resync = true}).ok());
  viewer->handle()->Leave();
}

TEST_F(LaneTest, AfterLeaveTheLaneForgetsTheViewerAndItsSink) {
  Start();
  auto viewer = std::make_shared<TestViewer>();
  const auto handle = lane_->AddViewer(7, false, viewer);
  viewer->Connect(handle);
  NewMode(kSize);
  viewer->AwaitPicture(picture());
  EXPECT_NE(lane_->FindViewer(7), nullptr);
  EXPECT_EQ(lane_->viewer_count(), 1u);
  handle->Leave();
  EXPECT_EQ(lane_->FindViewer(7), nullptr);
  EXPECT_EQ(lane_->viewer_count(), 0u);
  handle->OnWritten();
}

TEST_F(LaneTest, VideoJoinersWaitForAKeyframeOfAPictureThatRests) {
  tuning_.keyframe_interval = milliseconds(2);
  Start(encoder::Encoding::kH264);
  const ViewerPtr first = Join();
  NewMode(kSize);
  first->AwaitPicture(picture());
  EXPECT_EQ(Join()->AwaitPicture(picture()).updates.size(), 1u);
  EXPECT_EQ(controls_->intra_encodes, 0);
  EXPECT_EQ(controls_->keyframes, 2);
}

TEST_F(LaneTest, KeyframesAreNotForcedMoreOftenThanTheInterval) {
  tuning_.keyframe_interval = hours(1);
  Start(encoder::Encoding::kH264);
  const ViewerPtr first = Join();
  NewMode(kSize);
  first->AwaitPicture(picture());
  const ViewerPtr joiner = Join();
  ASSERT_TRUE(first->handle()->Control({.keyframe_streams = {0}}).ok());
  for (int i = 0; i < 10; ++i) {
    Change({i, i, 9, 9});
    first->AwaitPicture(picture());
  }
  EXPECT_EQ(controls_->keyframes, 1);
  EXPECT_TRUE(joiner->seen().updates.empty());
}

TEST_F(LaneTest, AKeyframeIsMadeWhenADecoderAsksForIt) {
  tuning_.keyframe_interval = milliseconds(2);
  Start(encoder::Encoding::kH264);
  const ViewerPtr viewer = Join();
  NewMode(kSize);
  viewer->AwaitPicture(picture());
  ASSERT_TRUE(viewer->handle()->Control({.keyframe_streams = {0}}).ok());
  viewer->Await([](const Seen& seen) {
    return seen.updates.size() == 2 && seen.updates[1].base_sequence == 0;
  });
}

}  // namespace
}  // namespace oriel::session
