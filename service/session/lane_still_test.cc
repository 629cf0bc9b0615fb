#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "base/picture/picture.h"
#include "service/session/lane.h"
#include "service/session/plane_tracker.h"
#include "service/session/session_context.h"
#include "service/session/test_encoders.h"
#include "service/session/test_viewer.h"
#include "service/session/test_wire.h"

namespace oriel::session {
namespace {

using std::chrono::milliseconds;
using Seen = TestViewer::Seen;

constexpr Size kSize = {640, 480};
constexpr Rect kAll = {0, 0, 640, 480};

class LaneStillTest : public ::testing::Test {
 protected:
  LaneStillTest() {
    tuning_.catch_up_rows_px = 32;
    tuning_.first_catch_up_bytes = 12 * 1024;
  }
  ~LaneStillTest() override {
    lane_->End(absl::CancelledError("test ends"));
    context_->timer.Stop();
    context_->steps.Stop();
    context_->workers.Stop();
    context_->publishers.Stop();
    for (const auto& viewer : viewers_) {
      for (const auto& what : viewer->seen().violations) ADD_FAILURE() << what;
    }
  }

  void Start(encoder::Encoding encoding) {
    context_ = std::make_shared<SessionContext>(MakeTestEncoders(controls_),
                                                tuning_, &wire_, 2);
    lane_ = std::make_shared<Lane>(
        context_, LaneOptions{.display = "test", .encoding = encoding}, [] {});
    frame_.generation = 1;
    frame_.plane = {.on = true, .size = kSize};
    frame_.picture = BandedPicture(kSize);
  }
  // The lane believes that it acknowledges; the test does that.
  std::shared_ptr<TestViewer> Join(bool acknowledges) {
    auto viewer = std::make_shared<TestViewer>();
    viewer->Connect(lane_->AddViewer(++last_id_, acknowledges, viewer));
    viewers_.push_back(viewer);
    return viewer;
  }
  // Every pixel of it another one.
  void Change(const Rect& rect) {
    ++colour_;
    for (int band = 0; band < frame_.picture.band_count(); ++band) {
      const Rect whole = frame_.picture.BandRect(band);
      const Rect part = Intersection(rect, whole);
      if (part.empty()) continue;
      uint8_t* pixels = frame_.picture.MutableBand(band);
      for (int32_t y = part.y_px; y < part.bottom_px(); ++y) {
        for (int32_t x = part.x_px; x < part.right_px(); ++x) {
          pixels[size_t(y - whole.y_px) * frame_.picture.stride_bytes() +
                 size_t(x) * kBytesPerPixel] = uint8_t(colour_ + x + y);
        }
      }
    }
    PlaneEvent event{frame_, ""};
    event.frame.damage = Damage(rect);
    lane_->OnPlane(event);
  }
  Picture picture() const { return frame_.picture.ToPicture(); }

  // One update comes every `pause`, until `enough`.
  void Receive(TestViewer& viewer, milliseconds pause, uint64_t& received,
               const std::function<bool(const Seen&)>& enough) {
    while (true) {
      std::this_thread::sleep_for(pause);
      const Seen seen = viewer.seen();
      if (enough(seen)) return;
      if (received == seen.updates.size()) continue;
      ++received;
      ASSERT_TRUE(viewer.handle()
                      ->Control({.applied_sequence =
                                     seen.updates[received - 1].sequence,
                                 .received_update_count = received})
                      .ok());
    }
  }

  const std::shared_ptr<TestEncoderControls> controls_ =
      std::make_shared<TestEncoderControls>();
  const TestWire wire_;
  Tuning tuning_;
  std::shared_ptr<SessionContext> context_;
  std::shared_ptr<Lane> lane_;
  std::vector<std::shared_ptr<TestViewer>> viewers_;
  uint64_t last_id_ = 0;
  capture::Frame frame_;
  uint8_t colour_ = 0;
};

TEST_F(LaneStillTest, ALinkTooSlowForTheFirstPictureGetsAStillOfIt) {
  Start(encoder::Encoding::kAdaptive);
  const auto viewer = Join(/*acknowledges=*/true);
  Change(kAll);
  uint64_t received = 0;
  Receive(*viewer, milliseconds(10), received,
          [](const Seen& seen) { return seen.stills > 0; });
  Seen seen = viewer->seen();
  EXPECT_FALSE(seen.exact);
  EXPECT_TRUE(seen.torn);
  EXPECT_NE(seen.picture, picture());
  // Early: of 1.2 MB in all.
  EXPECT_LT(seen.updates.size(), 40u);
  Receive(*viewer, milliseconds(1), received,
          [](const Seen& now) { return now.exact; });
  seen = viewer->seen();
  EXPECT_EQ(seen.picture, picture());
  EXPECT_EQ(controls_->still_encodes, 1);
  EXPECT_EQ(controls_->encodes, 0);
  // Current: what changes comes as a shared update on pixels that are exact.
  Change({100, 100, 50, 50});
  EXPECT_TRUE(viewer->AwaitPicture(picture()).exact);
  EXPECT_EQ(controls_->encodes, 1);
}

TEST_F(LaneStillTest, TheReferenceStandsStillUntilAViewerHasReachedIt) {
  tuning_.skip_pause = std::chrono::hours(1);
  Start(encoder::Encoding::kAdaptive);
  const auto viewer = Join(/*acknowledges=*/true);
  Change(kAll);
  uint64_t received = 0;
  int changes = 0;
  // It changes faster than it comes.
  Receive(*viewer, milliseconds(1), received, [&](const Seen& seen) {
    if (++changes % 2 == 0) Change({0, 0, 640, 200});
    return seen.sequence > 1;
  });
  EXPECT_GT(controls_->encodes, 0);
  Receive(*viewer, milliseconds(1), received, [&](const Seen& seen) {
    return seen.picture == picture() && seen.exact;
  });
}

TEST_F(LaneStillTest, AFastLinkAndALosslessLaneGetNone) {
  for (const auto encoding :
       {encoder::Encoding::kAdaptive, encoder::Encoding::kLossless}) {
    if (lane_ != nullptr) lane_->End(absl::CancelledError("next lane"));
    Start(encoding);
    const auto viewer = std::make_shared<TestViewer>(/*acknowledges=*/true);
    viewer->Connect(lane_->AddViewer(++last_id_, true, viewer));
    viewers_.push_back(viewer);
    Change(kAll);
    EXPECT_TRUE(viewer->AwaitPicture(picture()).exact);
  }
  EXPECT_EQ(controls_->still_encodes, 0);
}

TEST_F(LaneStillTest, WithoutAWorkingStillThereAreExactPatches) {
  controls_->fail_stills = true;
  Start(encoder::Encoding::kAdaptive);
  const auto viewer = Join(/*acknowledges=*/true);
  Change(kAll);
  uint64_t received = 0;
  Receive(*viewer, milliseconds(10), received,
          [&](const Seen&) { return controls_->still_encodes > 0; });
  Receive(*viewer, milliseconds(1), received,
          [](const Seen& now) { return now.exact; });
  EXPECT_EQ(viewer->seen().picture, picture());
  EXPECT_EQ(controls_->still_encodes, 1);
}

TEST_F(LaneStillTest, AJoinerSeesAStillOfAFilmAndIsDoneWithIt) {
  const Rect film = {320, 240, 160, 120};
  controls_->inexact = Damage(film);
  Start(encoder::Encoding::kAdaptive);
  const auto first = Join(/*acknowledges=*/false);
  Change(kAll);
  first->AwaitPicture(picture());
  const auto joiner = Join(/*acknowledges=*/false);
  joiner->Await(
      [](const Seen& seen) { return seen.sequence > 0 && !seen.torn; });
  EXPECT_EQ(joiner->seen().stills, 1);
  EXPECT_FALSE(joiner->seen().exact);
  // Current: gets the same update as the first one.
  Change({0, 0, 100, 100});
  const uint64_t newest = first->AwaitPicture(picture()).sequence;
  joiner->Await([&](const Seen& seen) {
    return seen.sequence == newest && seen.updates.back().base_sequence != 0;
  });
  const Picture expected = picture();
  const Picture shown = joiner->seen().picture;
  for (int32_t y = 0; y < kSize.height_px; ++y) {
    for (int32_t x = 0; x < kSize.width_px; ++x) {
      const bool in_film = film.Contains(Rect{x, y, 1, 1});
      ASSERT_EQ(*shown.At(x, y), in_film ? *expected.At(film.x_px, film.y_px)
                                         : *expected.At(x, y))
          << x << "," << y;
    }
  }
}

}  // namespace
}  // namespace oriel::session
