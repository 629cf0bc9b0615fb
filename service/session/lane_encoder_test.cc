#include "service/session/lane_encoder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "base/clock.h"
#include "encoder/band_hash.h"
#include "service/session/test_encoders.h"

namespace oriel::session {
namespace {

using std::chrono::milliseconds;

constexpr Size kSize = {16, 70};  // three bands
const Damage kEverything(Rect::Of(kSize));

class LaneEncoderTest : public ::testing::Test {
 protected:
  LaneEncoderTest()
      : controls_(std::make_shared<TestEncoderControls>()),
        encoders_(MakeTestEncoders(controls_)),
        lane_({}, &encoders_) {
    frame_.frame.generation = 3;
    frame_.frame.plane = {.on = true, .size = kSize};
    frame_.frame.picture = BandedPicture(kSize);
    EXPECT_TRUE(lane_.Prepare(3, kSize).ok());
  }

  // Makes `rect` another colour and encodes it.
  LaneStep Change(const Rect& rect) {
    Draw(rect);
    return *lane_.Encode(frame_, {.damage = Damage(rect)});
  }
  void Draw(const Rect& rect) {
    ++colour_;
    for (int band = 0; band < frame_.frame.picture.band_count(); ++band) {
      const Rect whole = frame_.frame.picture.BandRect(band);
      const Rect part = Intersection(rect, whole);
      if (part.empty()) continue;
      uint8_t* pixels = frame_.frame.picture.MutableBand(band);
      for (int32_t y = part.y_px; y < part.bottom_px(); ++y) {
        for (int32_t x = part.x_px; x < part.right_px(); ++x) {
          pixels[((y - whole.y_px) * kSize.width_px + x) * kBytesPerPixel] =
              colour_;
        }
      }
    }
  }

  const std::shared_ptr<TestEncoderControls> controls_;
  const Encoders encoders_;
  LaneEncoder lane_;
  LaneFrame frame_;
  uint8_t colour_ = 0;
};

TEST_F(LaneEncoderTest, SequencesRiseAndBasesAreTheOneBefore) {
  const LaneStep first = Change(Rect::Of(kSize));
  EXPECT_EQ(first.update.generation, 3u);
  EXPECT_EQ(first.update.sequence, 1u);
  EXPECT_EQ(first.update.base_sequence, 0u);
  EXPECT_FALSE(first.update.check.has_value());
  const LaneStep second = Change({1, 1, 5, 5});
  EXPECT_EQ(second.update.sequence, 2u);
  EXPECT_EQ(second.update.base_sequence, 1u);
}

TEST_F(LaneEncoderTest, TheChecksRotateOverTheBandsOfTheNewReference) {
  Change(Rect::Of(kSize));
  for (int i = 0; i < 6; ++i) {
    const LaneStep step = Change({0, 0, 1, 1});
    ASSERT_TRUE(step.update.check.has_value());
    EXPECT_EQ(step.update.check->y_px, (i % 3) * kBandHeightPx);
    EXPECT_EQ(step.update.check->hash,
              encoder::HashBand(step.reference, i % 3).hash);
  }
}

TEST_F(LaneEncoderTest, AChangeTooLargeGoesOnAndOnlyItsEndIsExact) {
  controls_->max_payload_bytes = 30 * kSize.width_px * kBytesPerPixel;
  Draw(Rect::Of(kSize));
  Damage rest = kEverything;
  for (int part = 0; part < 3; ++part) {
    const LaneStep step = *lane_.Encode(frame_, {.damage = rest});
    rest.Subtract(step.done);
    EXPECT_EQ(step.update.more_follows, part < 2);
    EXPECT_EQ(step.update.exact, part == 2);
    EXPECT_EQ(step.update.base_sequence, static_cast<uint64_t>(part));
  }
  EXPECT_TRUE(rest.empty());
}

TEST_F(LaneEncoderTest, AChangeThatNeverEndsIsPresentedAllTheSame) {
  Change(Rect::Of(kSize));
  controls_->max_payload_bytes = 30 * kSize.width_px * kBytesPerPixel;
  const Time begun = Clock::now();
  int presented = 0;
  for (int step = 0; step < 40; ++step) {
    Draw(Rect::Of(kSize));  // before the one before was sent
    const LaneStep made = *lane_.Encode(
        frame_,
        {.damage = kEverything, .now = begun + step * milliseconds(10)});
    presented += made.update.more_follows ? 0 : 1;
    EXPECT_FALSE(made.update.exact);
  }
  // 400 ms, of which each picture may take 100.
  EXPECT_GE(presented, 3);
  EXPECT_LE(presented, 5);
}

TEST_F(LaneEncoderTest, APromisedEndComesEvenWithoutPatches) {
  Change(Rect::Of(kSize));
  controls_->max_payload_bytes = 1;
  Draw({0, 0, 16, 1});
  Damage rest(Rect{0, 0, 16, 2});
  rest.Subtract(lane_.Encode(frame_, {.damage = rest})->done);
  const LaneStep end =
      *lane_.Encode(frame_, {.damage = rest});  // unchanged row
  EXPECT_TRUE(end.publish);
  EXPECT_TRUE(end.update.patches.empty());
  EXPECT_FALSE(end.update.more_follows);
  EXPECT_TRUE(end.update.exact);
}

TEST_F(LaneEncoderTest, DamageThatChangedNothingIsNoUpdate) {
  const LaneStep first = Change(Rect::Of(kSize));
  const LaneStep step = *lane_.Encode(frame_, {.damage = kEverything});
  EXPECT_FALSE(step.publish);
  EXPECT_EQ(step.sequence, first.sequence);
  EXPECT_TRUE(step.exact);
  EXPECT_EQ(step.done, kEverything);
}

TEST_F(LaneEncoderTest, AnErrorLeavesTheReferenceAndTheSequence) {
  Change(Rect::Of(kSize));
  controls_->fail = true;
  EXPECT_FALSE(lane_.Encode(frame_, {.damage = kEverything}).ok());
  controls_->fail = false;
  const LaneStep step = Change({0, 0, 4, 4});
  EXPECT_EQ(step.update.sequence, 2u);
  EXPECT_EQ(step.reference.ToPicture(), frame_.frame.picture.ToPicture());
}

TEST_F(LaneEncoderTest, AConvertedPlaneIsNeverExact) {
  frame_.frame.plane.converted = true;
  EXPECT_FALSE(Change(Rect::Of(kSize)).update.exact);
}

TEST_F(LaneEncoderTest, ASkippedChangeMovesTheReferenceWithoutAMessage) {
  Change(Rect::Of(kSize));
  Draw({2, 2, 4, 4});
  const LaneStep step = lane_.Skip(frame_, Damage(Rect{2, 2, 4, 4}));
  EXPECT_FALSE(step.publish);
  EXPECT_EQ(step.sequence, 2u);
  EXPECT_TRUE(step.exact);
  EXPECT_EQ(step.reference.ToPicture(), frame_.frame.picture.ToPicture());
  EXPECT_EQ(Change({0, 0, 1, 1}).update.base_sequence, 2u);
}

TEST_F(LaneEncoderTest, ANewGenerationStartsWithoutABaseAndSequencesRiseOn) {
  Change(Rect::Of(kSize));
  ASSERT_TRUE(lane_.Prepare(4, kSize).ok());
  frame_.frame.generation = 4;
  const LaneStep step = Change(Rect::Of(kSize));
  EXPECT_EQ(step.update.generation, 4u);
  EXPECT_EQ(step.update.base_sequence, 0u);
  EXPECT_EQ(step.update.sequence, 2u);
}

TEST_F(LaneEncoderTest, AVideoKeyframeRestartsAndHasNoBase) {
  LaneEncoder video({.encoding = encoder::Encoding::kH264}, &encoders_);
  ASSERT_TRUE(video.Prepare(3, kSize).ok());
  ASSERT_TRUE(video.Encode(frame_, {.damage = kEverything})->restarts);
  const LaneStep delta = *video.Encode(frame_, {.damage = kEverything});
  EXPECT_FALSE(delta.restarts);
  EXPECT_EQ(delta.update.base_sequence, 1u);
  EXPECT_FALSE(delta.update.check.has_value());
  const LaneStep forced =
      *video.Encode(frame_, {.damage = kEverything, .keyframe = true});
  EXPECT_TRUE(forced.restarts);
  EXPECT_EQ(forced.update.base_sequence, 0u);
  EXPECT_FALSE(forced.update.exact);
}

}  // namespace
}  // namespace oriel::session
