#include <gtest/gtest.h>

#include <cstdio>
#include <variant>
#include <vector>

#include "base/picture/picture.h"
#include "encoder/still/jpeg.h"
#include "encoder/test_pictures.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {
namespace {

constexpr Size kSize = {1280, 800};

size_t PayloadBytes(const EncodeResult& result) {
  size_t sum = 0;
  for (const Patch& patch : result.patches) sum += patch.payload->size();
  return sum;
}

int ShrinkOf(const EncodeResult& result) {
  return std::get<Still>(result.patches.at(0).kind).shrink;
}

EncodeResult Stills(const Picture& picture, const Damage& damage,
                    size_t max_payload_bytes) {
  const auto result =
      EncodeStills(ToBanded(picture), damage, max_payload_bytes);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : EncodeResult();
}

TEST(EncodeStillsTest, CoverTheDamageInPatchesThatDecode) {
  Damage damage(Rect{0, 0, 1280, 500});
  damage.Add({100, 600, 333, 77});
  const EncodeResult result =
      Stills(FilmPicture(kSize, 0), damage, kMaxUpdatePayloadBytes);
  EXPECT_EQ(result.done, damage);
  Damage covered;
  for (const Patch& patch : result.patches) {
    EXPECT_LE(patch.rect.AreaPx(), kMaxPatchPx);
    EXPECT_FALSE(covered.Intersects(patch.rect));
    covered.Add(patch.rect);
    std::vector<uint8_t> pixels(size_t(patch.rect.AreaPx()) * kBytesPerPixel);
    EXPECT_TRUE(DecodeJpeg(*patch.payload,
                           {patch.rect.width_px, patch.rect.height_px},
                           std::get<Still>(patch.kind).shrink, pixels)
                    .ok());
  }
  EXPECT_EQ(covered, damage);
}

TEST(EncodeStillsTest, FewerBytesAreCoarserStillsOfTheSame) {
  const Picture picture = FilmPicture(kSize, 0);
  const Damage all(Rect::Of(kSize));
  const EncodeResult finest = Stills(picture, all, kMaxUpdatePayloadBytes);
  EXPECT_EQ(ShrinkOf(finest), 1);
  for (size_t share : {2, 4, 8}) {
    const size_t max_bytes = PayloadBytes(finest) / share;
    const EncodeResult coarser = Stills(picture, all, max_bytes);
    std::printf("%zu bytes at most: %zu, shrunk by %d\n", max_bytes,
                PayloadBytes(coarser), ShrinkOf(coarser));
    EXPECT_LE(PayloadBytes(coarser), max_bytes);
    EXPECT_EQ(coarser.done, all);
  }
}

TEST(EncodeStillsTest, TooFewBytesForAllAreThoseOfTheTop) {
  const EncodeResult result =
      Stills(NoisePicture(kSize, 1), Damage(Rect::Of(kSize)), 100);
  ASSERT_EQ(result.patches.size(), 1u);
  EXPECT_EQ(result.patches[0].rect.y_px, 0);
  EXPECT_EQ(result.done, Damage(result.patches[0].rect));
  EXPECT_EQ(ShrinkOf(result), 4);
}

TEST(EncodeStillsTest, ASinglePatchKeepsToTheBytesToo) {
  const Damage small(Rect{0, 0, 256, 256});
  const Picture picture = FilmPicture(kSize, 0);
  const size_t finest = PayloadBytes(Stills(picture, small, 100'000));
  EXPECT_LE(PayloadBytes(Stills(picture, small, finest / 2)), finest / 2);
}

}  // namespace
}  // namespace oriel::encoder
