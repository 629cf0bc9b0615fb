#include "clients/lib/picture_updater.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "clients/lib/update_to_proto.h"
#include "encoder/band_hash.h"
#include "encoder/test_pictures.h"
#include "encoder/update_encoder.h"

namespace oriel::clients {
namespace {

constexpr Size kSize = {64, 48};
constexpr uint32_t kGeneration = 7;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kLost = absl::StatusCode::kFailedPrecondition;

v1::StreamFormat Format(uint32_t generation, Size size) {
  v1::StreamFormat format;
  format.set_generation(generation);
  format.set_width_px(size.width_px);
  format.set_height_px(size.height_px);
  return format;
}

encoder::Patch FillPatch(const Rect& rect, uint8_t blue) {
  return {rect, encoder::Fill{.blue = blue, .green = 2, .red = 3}, nullptr};
}

encoder::Patch CopyPatch(const Rect& rect, int32_t x, int32_t y) {
  return {rect, encoder::Copy{x, y}, nullptr};
}

encoder::Patch PayloadPatch(const Rect& rect,
                            decltype(encoder::Patch::kind) kind,
                            std::vector<uint8_t> payload) {
  return {rect, kind,
          std::make_shared<const std::vector<uint8_t>>(std::move(payload))};
}

class PictureUpdaterTest : public testing::Test {
 protected:
  PictureUpdaterTest() {
    EXPECT_TRUE(viewer_.Apply(Format(kGeneration, kSize)).ok());
    // Columns of different colours, in state 1.
    std::vector<encoder::Patch> columns;
    for (int32_t x = 0; x < kSize.width_px; ++x) {
      columns.push_back(FillPatch({x, 0, 1, kSize.height_px}, x));
    }
    EXPECT_TRUE(Apply(0, 1, std::move(columns)).ok());
  }

  absl::StatusOr<Applied> Apply(const encoder::Update& update) {
    const v1::StreamFramesResponse message = ToProto(update);
    return viewer_.Apply(message.update(), message.payload());
  }
  absl::StatusOr<Applied> Apply(uint64_t base, uint64_t sequence,
                                std::vector<encoder::Patch> patches) {
    return Apply({.generation = kGeneration,
                  .sequence = sequence,
                  .base_sequence = base,
                  .patches = std::move(patches)});
  }
  int Blue(int32_t x, int32_t y) { return viewer_.picture().At(x, y)[0]; }

  PictureUpdater viewer_;
};

TEST_F(PictureUpdaterTest, AFormatMakesABlackPictureOfANewGeneration) {
  ASSERT_TRUE(viewer_.Apply(Format(8, {10, 5})).ok());
  EXPECT_EQ(viewer_.picture(), Picture({10, 5}));
  EXPECT_EQ(viewer_.generation(), 8u);
  EXPECT_EQ(viewer_.sequence(), 0u);
}

TEST_F(PictureUpdaterTest, APictureIsWholeWhenNothingOfItIsToFollow) {
  EXPECT_TRUE(viewer_.whole());
  ASSERT_TRUE(viewer_.Apply(Format(8, kSize)).ok());
  EXPECT_FALSE(viewer_.whole());
  encoder::Update part = {.generation = 8,
                          .sequence = 5,
                          .patches = {FillPatch({0, 0, 64, 24}, 1)},
                          .more_follows = true};
  ASSERT_TRUE(Apply(part).ok());
  EXPECT_FALSE(viewer_.whole());
  part.patches = {FillPatch({0, 24, 64, 24}, 1)};
  part.more_follows = false;
  ASSERT_TRUE(Apply(part).ok());
  EXPECT_TRUE(viewer_.whole());
  // A change in parts leaves what was there.
  ASSERT_TRUE(Apply({.generation = 8,
                     .sequence = 6,
                     .base_sequence = 5,
                     .patches = {FillPatch({0, 0, 64, 24}, 2)},
                     .more_follows = true})
                  .ok());
  EXPECT_TRUE(viewer_.whole());
}

TEST_F(PictureUpdaterTest, APlaneThatIsOffHasNoPicture) {
  ASSERT_TRUE(viewer_.Apply(Format(8, {})).ok());
  EXPECT_TRUE(viewer_.picture().size().empty());
  EXPECT_EQ(Apply({.generation = 8, .patches = {FillPatch({0, 0, 1, 1}, 1)}})
                .status()
                .code(),
            kInvalid);
}

TEST_F(PictureUpdaterTest, AFormatThatIsTooLargeChangesNothing) {
  const Picture before = viewer_.picture();
  EXPECT_EQ(viewer_.Apply(Format(8, {16385, 1})).code(), kInvalid);
  EXPECT_EQ(viewer_.picture(), before);
  EXPECT_EQ(viewer_.generation(), kGeneration);
  EXPECT_EQ(viewer_.sequence(), 1u);
}

TEST_F(PictureUpdaterTest, SourcesReadThePictureAsItWasBefore) {
  // Two halves change places, and a third patch writes where one came from.
  ASSERT_TRUE(
      Apply(1, 2,
            {CopyPatch({0, 0, 20, 48}, 20, 0), CopyPatch({20, 0, 20, 48}, 0, 0),
             CopyPatch({50, 0, 10, 48}, 45, 0), FillPatch({45, 0, 5, 48}, 200)})
          .ok());
  EXPECT_EQ(Blue(0, 10), 20);
  EXPECT_EQ(Blue(20, 10), 0);
  EXPECT_EQ(Blue(45, 10), 200);
  EXPECT_EQ(Blue(50, 10), 45);
  EXPECT_EQ(viewer_.sequence(), 2u);
}

TEST_F(PictureUpdaterTest, TellsWhatChangedAndWhenToPresent) {
  const encoder::Update part = {.generation = kGeneration,
                                .sequence = 2,
                                .base_sequence = 1,
                                .patches = {FillPatch({3, 4, 5, 6}, 1)},
                                .more_follows = true};
  auto applied = Apply(part);
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->changed, Damage({3, 4, 5, 6}));
  EXPECT_FALSE(applied->present);
  EXPECT_FALSE(applied->exact);
  applied = Apply({.generation = kGeneration,
                   .sequence = 3,
                   .base_sequence = 2,
                   .exact = true});
  ASSERT_TRUE(applied.ok());
  EXPECT_TRUE(applied->present);
  EXPECT_TRUE(applied->exact);
}

TEST_F(PictureUpdaterTest, AnotherGenerationOrBaseNeedsAResync) {
  const Picture before = viewer_.picture();
  EXPECT_EQ(Apply(5, 6, {FillPatch({0, 0, 9, 9}, 1)}).status().code(), kLost);
  EXPECT_EQ(Apply({.generation = 8,
                   .sequence = 2,
                   .patches = {FillPatch({0, 0, 9, 9}, 1)}})
                .status()
                .code(),
            kLost);
  EXPECT_EQ(viewer_.picture(), before);
  EXPECT_EQ(viewer_.sequence(), 1u);
  EXPECT_TRUE(Apply(0, 9, {FillPatch({0, 0, 9, 9}, 1)}).ok());
  EXPECT_EQ(viewer_.sequence(), 9u);
}

TEST_F(PictureUpdaterTest, BeforeAFormatNothingApplies) {
  EXPECT_EQ(PictureUpdater().Apply(v1::FrameUpdate(), "").status().code(),
            kLost);
}

TEST_F(PictureUpdaterTest, ABrokenPatchLeavesTheWholeUpdateUndone) {
  const Picture before = viewer_.picture();
  const encoder::Patch bad_patches[] = {
      PayloadPatch({40, 0, 8, 8}, encoder::Lossless{}, {1, 2, 3}),
      PayloadPatch({40, 0, 8, 8}, encoder::Lossless{Rect{0, 0, 8, 8}},
                   {0x28, 0xB5, 0x2F, 0xFD, 0x60, 0, 0}),
      FillPatch({60, 0, 8, 8}, 1),
      CopyPatch({40, 0, 8, 8}, 60, 0),
  };
  for (const encoder::Patch& bad : bad_patches) {
    EXPECT_EQ(Apply(1, 2, {FillPatch({0, 0, 8, 8}, 99), bad}).status().code(),
              kInvalid);
    EXPECT_EQ(viewer_.picture(), before);
    EXPECT_EQ(viewer_.sequence(), 1u);
  }
  EXPECT_TRUE(Apply(1, 2, {FillPatch({0, 0, 8, 8}, 99)}).ok());
}

TEST_F(PictureUpdaterTest, RowsThatAreNotTheServersNeedAResync) {
  const uint64_t hash = encoder::HashRows(viewer_.picture(), 8, 16);
  encoder::Update update = {.generation = kGeneration,
                            .sequence = 2,
                            .base_sequence = 1,
                            .check = encoder::BandHash{8, 16, hash}};
  EXPECT_TRUE(Apply(update).ok());
  update.sequence = 3;
  update.base_sequence = 2;
  update.check->hash ^= 1;
  EXPECT_EQ(Apply(update).status().code(), kLost);
  // Nothing but an update onto anything helps now.
  EXPECT_EQ(Apply(3, 4, {}).status().code(), kLost);
  EXPECT_EQ(Apply(2, 4, {}).status().code(), kLost);
  EXPECT_TRUE(Apply(0, 4, {}).ok());
  EXPECT_TRUE(Apply(4, 5, {}).ok());
}

TEST_F(PictureUpdaterTest, VideoBeforeItsKeyframeIsLeftOutAndAsksForOne) {
  const Picture before = viewer_.picture();
  const auto applied = Apply(
      1, 2,
      {PayloadPatch({8, 8, 40, 40}, encoder::Video{.stream_id = 5}, {0, 0, 1}),
       FillPatch({0, 0, 8, 48}, 99)});
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(applied->keyframe_streams, std::vector<uint32_t>{5});
  EXPECT_EQ(viewer_.sequence(), 2u);
  EXPECT_EQ(Blue(0, 10), 99);
  for (int32_t x = 8; x < kSize.width_px; ++x) {
    EXPECT_EQ(Blue(x, 10), before.At(x, 10)[0]) << x;
  }
  EXPECT_TRUE(Apply(2, 3, {})->keyframe_streams.empty());
}

TEST_F(PictureUpdaterTest, AnAreaThatWaitsForItsKeyframeIsNoWholePicture) {
  ASSERT_TRUE(viewer_.Apply(Format(8, kSize)).ok());
  ASSERT_TRUE(
      Apply({.generation = 8, .sequence = 5, .more_follows = true}).ok());
  const auto applied =
      Apply({.generation = 8,
             .sequence = 6,
             .base_sequence = 5,
             .patches = {PayloadPatch({8, 8, 40, 40},
                                      encoder::Video{.stream_id = 5}, {9})}});
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_FALSE(viewer_.whole());
}

TEST_F(PictureUpdaterTest, MoreVideoPatchesThanAViewerDecodesBreakARule) {
  std::vector<encoder::Patch> patches;
  for (uint32_t i = 0; i < 5; ++i) {
    patches.push_back(PayloadPatch({static_cast<int32_t>(i) * 8, 0, 8, 8},
                                   encoder::Video{.stream_id = i}, {0, 0, 1}));
  }
  EXPECT_EQ(Apply(1, 2, patches).status().code(), kInvalid);
  patches.pop_back();
  EXPECT_TRUE(Apply(1, 2, patches).ok());
}

TEST_F(PictureUpdaterTest, AnAccessUnitOfGarbageNeedsAKeyframe) {
  const Picture before = viewer_.picture();
  EXPECT_EQ(
      Apply(1, 2,
            {FillPatch({0, 0, 64, 8}, 9),
             PayloadPatch({0, 8, 64, 40}, encoder::Video{.keyframe = true},
                          {0, 0, 0, 1, 0x67, 0xFF, 0xFF, 0xFF})})
          .status()
          .code(),
      kLost);
  EXPECT_EQ(viewer_.picture(), before);
}

TEST_F(PictureUpdaterTest, AnUnknownCodecIsNamed) {
  encoder::Update update = {
      .generation = kGeneration,
      .sequence = 2,
      .patches = {PayloadPatch(Rect::Of(kSize),
                               encoder::Video{.keyframe = true}, {0, 0, 1})}};
  v1::StreamFramesResponse message = ToProto(update);
  message.mutable_update()->mutable_patches(0)->mutable_video()->set_codec(
      static_cast<v1::VideoCodec>(99));
  EXPECT_EQ(viewer_.Apply(message.update(), message.payload()).status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST_F(PictureUpdaterTest, VeryManyPatchesAreStillApplied) {
  std::vector<encoder::Patch> patches;
  for (int32_t y = 0; y < kSize.height_px; ++y) {
    for (int32_t x = 0; x < kSize.width_px; ++x) {
      patches.push_back(FillPatch({x, y, 1, 1}, x ^ y));
    }
  }
  const auto applied = Apply(1, 2, std::move(patches));
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(applied->changed, Damage(Rect::Of(kSize)));
  EXPECT_EQ(Blue(33, 21), 33 ^ 21);
}

class StillTest : public PictureUpdaterTest {
 protected:
  static constexpr Rect kRect = {3, 5, 45, 33};

  StillTest() {
    encoder::FillRect(picture_, kRect, 0x2040C0);
    const auto made = encoder::EncodeStills(encoder::ToBanded(picture_),
                                            Damage(kRect), 10'000);
    EXPECT_TRUE(made.ok()) << made.status();
    if (made.ok()) still_ = made->patches.at(0);
  }

  absl::StatusOr<Applied> ApplyStill() {
    return Apply({.generation = kGeneration,
                  .sequence = 9,
                  .patches = {still_},
                  .more_follows = true});
  }

  Picture picture_{kSize};
  encoder::Patch still_;
};

TEST_F(StillTest, ShowsItsRectangleAtOnceAndNothingElse) {
  const auto applied = ApplyStill();
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_TRUE(applied->present);
  EXPECT_FALSE(applied->exact);
  EXPECT_EQ(applied->changed, Damage(kRect));
  EXPECT_EQ(viewer_.sequence(), 9u);
  EXPECT_NEAR(Blue(20, 20), 0xC0, 4);
  EXPECT_EQ(viewer_.picture().At(20, 20)[3], 0xFF);
  EXPECT_EQ(Blue(2, 20), 2);
  EXPECT_EQ(Blue(48, 20), 48);
}

TEST_F(StillTest, ADamagedOneChangesNothing) {
  const Picture before = viewer_.picture();
  std::vector<uint8_t> cut(still_.payload->begin(), still_.payload->end() - 9);
  still_.payload = std::make_shared<const std::vector<uint8_t>>(std::move(cut));
  EXPECT_EQ(ApplyStill().status().code(), kInvalid);
  EXPECT_EQ(viewer_.picture(), before);
}

TEST_F(StillTest, OneOfAnotherSizeIsRefused) {
  still_.rect.height_px += 1;
  EXPECT_EQ(ApplyStill().status().code(), kInvalid);
}

}  // namespace
}  // namespace oriel::clients
