#include "encoder/lossless/lossless_encoder.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

std::vector<uint8_t> Pixels(const Picture& picture, const Rect& rect) {
  std::vector<uint8_t> out;
  for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
    const uint8_t* row = picture.At(rect.x_px, y);
    out.insert(out.end(), row, row + size_t(rect.width_px) * kBytesPerPixel);
  }
  return out;
}

std::vector<uint8_t> Decode(const Patch& patch, const Picture& base) {
  const size_t size = size_t(patch.rect.AreaPx()) * kBytesPerPixel;
  if (const auto* copy = std::get_if<Copy>(&patch.kind)) {
    return Pixels(base, {copy->source_x_px, copy->source_y_px,
                         patch.rect.width_px, patch.rect.height_px});
  }
  std::vector<uint8_t> out(size);
  if (const auto* fill = std::get_if<Fill>(&patch.kind)) {
    const uint8_t pixel[] = {fill->blue, fill->green, fill->red, 0xFF};
    for (size_t i = 0; i < size; ++i) out[i] = pixel[i % 4];
    return out;
  }
  const auto& prefix_rect = std::get<Lossless>(patch.kind).prefix;
  const std::vector<uint8_t> prefix =
      prefix_rect ? Pixels(base, *prefix_rect) : std::vector<uint8_t>();
  EXPECT_EQ(
      ZSTD_getFrameContentSize(patch.payload->data(), patch.payload->size()),
      size);
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(
      ZSTD_createDCtx(), &ZSTD_freeDCtx);
  ZSTD_DCtx_refPrefix(context.get(), prefix.data(), prefix.size());
  EXPECT_EQ(ZSTD_decompressDCtx(context.get(), out.data(), size,
                                patch.payload->data(), patch.payload->size()),
            size);
  return out;
}

// Applies patches by the rules of streaming.proto and checks those rules.
Picture Apply(const Picture& base, const std::vector<Patch>& patches) {
  Picture result = base;
  Damage destinations;
  for (const Patch& patch : patches) {
    EXPECT_TRUE(Rect::Of(base.size()).Contains(patch.rect));
    EXPECT_FALSE(patch.rect.empty());
    EXPECT_LE(patch.rect.AreaPx(), kMaxPatchPx);
    EXPECT_FALSE(destinations.Intersects(patch.rect));
    destinations.Add(patch.rect);
    const std::vector<uint8_t> pixels = Decode(patch, base);
    const size_t row_bytes = size_t(patch.rect.width_px) * kBytesPerPixel;
    for (int32_t row = 0; row < patch.rect.height_px; ++row) {
      std::memcpy(result.MutableAt(patch.rect.x_px, patch.rect.y_px + row),
                  pixels.data() + row * row_bytes, row_bytes);
    }
  }
  return result;
}

size_t PayloadBytes(const EncodeResult& result) {
  size_t sum = 0;
  for (const Patch& patch : result.patches) {
    if (patch.payload != nullptr) sum += patch.payload->size();
  }
  return sum;
}

template <typename Kind>
size_t CountOf(const EncodeResult& result) {
  return std::count_if(result.patches.begin(), result.patches.end(),
                       [](const Patch& patch) {
                         return std::holds_alternative<Kind>(patch.kind);
                       });
}

EncodeResult Encode(const Picture& after, const Picture& before,
                    const Damage& damage, bool keyframe = false,
                    size_t max_payload_bytes = kMaxUpdatePayloadBytes) {
  const BandedPicture picture = ToBanded(after);
  const BandedPicture reference = ToBanded(before);
  auto result =
      LosslessEncoder().Encode({.picture = picture,
                                .reference = reference,
                                .damage = damage,
                                .keyframe = keyframe,
                                .max_payload_bytes = max_payload_bytes});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : EncodeResult{};
}

EncodeResult EncodeAll(const Picture& after, const Picture& before) {
  return Encode(after, before, Damage(Rect::Of(after.size())));
}

TEST(LosslessEncoderTest, WhatIsEqualCostsNoPatch) {
  const Picture page = Typewriter().Page({640, 480});
  const EncodeResult result = EncodeAll(page, page);
  EXPECT_TRUE(result.patches.empty());
  EXPECT_EQ(result.done, Damage(Rect::Of({640, 480})));
}

TEST(LosslessEncoderTest, ATypedLetterIsOnePatchOfAFewHundredBytes) {
  Typewriter typewriter;
  const Picture before = typewriter.Page({1920, 1080});
  Picture after = before;
  typewriter.DrawLetter(after, 960, 500, 7);
  const EncodeResult result = EncodeAll(after, before);
  EXPECT_EQ(result.patches.size(), 1u);
  EXPECT_LT(PayloadBytes(result), 300u);
  EXPECT_EQ(Apply(before, result.patches), after);
}

TEST(LosslessEncoderTest, AScrolledPageIsCopiedAndOnlyTheNewLineIsSent) {
  Typewriter typewriter;
  const Picture before = typewriter.Page({640, 480});
  Picture after = before;
  ScrollUp(after, Rect::Of({640, 480}), 16);
  typewriter.DrawLine(after, 32, 608, 464);
  const EncodeResult result = EncodeAll(after, before);
  EXPECT_GE(CountOf<Copy>(result), 1u);
  EXPECT_LT(PayloadBytes(result), 2500u);
  EXPECT_EQ(Apply(before, result.patches), after);
}

TEST(LosslessEncoderTest, WhatChangedInAScrolledPageKeepsOffTheCopies) {
  std::mt19937 random(6);
  for (int round = 0; round < 40; ++round) {
    Typewriter typewriter;
    const Picture before = typewriter.Page({640, 480});
    Picture after = before;
    ScrollUp(after, Rect::Of({640, 480}), 16);
    const int letters = 2 + static_cast<int>(random() % 12);
    for (int i = 0; i < letters; ++i) {
      typewriter.DrawLetter(after, static_cast<int32_t>(random() % 600),
                            static_cast<int32_t>(random() % 440),
                            static_cast<int>(random() % 20));
    }
    const EncodeResult result = EncodeAll(after, before);
    EXPECT_GE(CountOf<Copy>(result), 1u) << "round " << round;
    EXPECT_EQ(Apply(before, result.patches), after) << "round " << round;
  }
}

TEST(LosslessEncoderTest, AnAreaOfOneColourIsFilled) {
  const Picture before = NoisePicture({700, 700}, 3);
  Picture after = before;
  FillRect(after, Rect::Of({700, 700}), 0x102030);
  const EncodeResult result = EncodeAll(after, before);
  EXPECT_EQ(CountOf<Fill>(result), result.patches.size());
  EXPECT_EQ(PayloadBytes(result), 0u);
  EXPECT_EQ(Apply(before, result.patches), after);
}

TEST(LosslessEncoderTest, PixelsThatMovedSidewaysBecomeADelta) {
  const Picture noise = NoisePicture({640, 128}, 3);
  Picture before({600, 128});
  Picture after({600, 128});
  for (int32_t y = 0; y < 128; ++y) {
    std::memcpy(before.MutableAt(0, y), noise.At(0, y), 600 * 4);
    std::memcpy(after.MutableAt(0, y), noise.At(40, y), 600 * 4);
  }
  const EncodeResult result = EncodeAll(after, before);
  EXPECT_LT(PayloadBytes(result), before.bytes().size() / 8);
  EXPECT_EQ(Apply(before, result.patches), after);
}

TEST(LosslessEncoderTest, AKeyframeRefersToNothing) {
  Typewriter typewriter;
  const Picture before = typewriter.Page({640, 480});
  Picture after = before;
  ScrollUp(after, Rect::Of({640, 480}), 16);
  const EncodeResult result =
      Encode(after, before, Damage(Rect::Of({640, 480})), true);
  EXPECT_TRUE(result.keyframe);
  EXPECT_EQ(Apply(NoisePicture({640, 480}, 9), result.patches), after);
}

TEST(LosslessEncoderTest, WhatDoesNotFitIsLeftForTheNextUpdate) {
  const Picture before = SmoothPicture({900, 700});
  const Picture after = NoisePicture({900, 700}, 5);
  constexpr size_t kMax = 300'000;
  Picture shown = before;
  Damage damage(Rect::Of({900, 700}));
  int updates = 0;
  while (!damage.empty()) {
    ASSERT_LT(++updates, 20);
    const EncodeResult result = Encode(after, shown, damage, false, kMax);
    EXPECT_LE(PayloadBytes(result), kMax);
    ASSERT_FALSE(result.done.empty());
    shown = Apply(shown, result.patches);
    damage.Subtract(result.done);
  }
  EXPECT_GT(updates, 5);
  EXPECT_EQ(shown, after);
}

TEST(LosslessEncoderTest, OnePatchGoesOutHoweverSmallTheLimit) {
  const Picture noise = NoisePicture({300, 40}, 5);
  const EncodeResult result =
      Encode(noise, Picture({300, 40}), Damage({10, 10, 200, 20}), false, 64);
  ASSERT_EQ(result.patches.size(), 1u);
  EXPECT_LE(PayloadBytes(result), 64u);
  EXPECT_FALSE(result.done.empty());
}

void Scribble(Picture& picture, std::mt19937& random, Typewriter& typewriter) {
  const Size size = picture.size();
  const auto below = [&](int32_t limit) {
    return static_cast<int32_t>(random() % std::max(1, limit));
  };
  const Rect rect =
      Intersection({below(size.width_px), below(size.height_px),
                    1 + below(size.width_px), 1 + below(size.height_px)},
                   Rect::Of(size));
  switch (random() % 4) {
    case 0:
      FillRect(picture, rect, random() & 0xFFFFFF);
      break;
    case 1:
      typewriter.DrawLine(picture, rect.x_px, rect.right_px(), rect.y_px);
      break;
    case 2:
      ScrollUp(picture, rect, 1 + below(rect.height_px));
      break;
    default:
      const Picture noise =
          NoisePicture({rect.width_px, rect.height_px}, random());
      for (int32_t y = 0; y < rect.height_px; ++y) {
        std::memcpy(picture.MutableAt(rect.x_px, rect.y_px + y), noise.At(0, y),
                    noise.stride_bytes());
      }
  }
}

TEST(LosslessEncoderTest, WhateverChangesTheViewerEndsByteEqual) {
  std::mt19937 random(7);
  Typewriter typewriter;
  for (const Size size : {Size{333, 257}, Size{1, 1}, Size{64, 500}}) {
    Picture before = typewriter.Page(size);
    LosslessEncoder encoder;
    for (int step = 0; step < 60; ++step) {
      Picture after = before;
      const int changes = 1 + static_cast<int>(random() % 3);
      for (int i = 0; i < changes; ++i) Scribble(after, random, typewriter);
      const BandedPicture picture = ToBanded(after);
      const BandedPicture reference = ToBanded(before);
      auto result = encoder.Encode({.picture = picture,
                                    .reference = reference,
                                    .damage = Damage(Rect::Of(size))});
      ASSERT_TRUE(result.ok()) << result.status();
      ASSERT_EQ(Apply(before, result->patches), after)
          << size.width_px << "x" << size.height_px << " step " << step;
      before = after;
    }
  }
}

TEST(EncodeIntraTest, BandsOfABudgetBringAnyViewerUpToDate) {
  const Picture page = Typewriter().Page({1920, 1080});
  const BandedPicture picture = ToBanded(page);
  Picture shown = NoisePicture({1920, 1080}, 6);
  Damage stale(Rect::Of({1920, 1080}));
  size_t bytes = 0;
  int updates = 0;
  while (!stale.empty()) {
    ASSERT_LT(++updates, 20);
    const auto result = EncodeIntra(picture, stale, 64 * 1024);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_LE(PayloadBytes(*result), 64u * 1024);
    EXPECT_EQ(CountOf<Copy>(*result), 0u);
    bytes += PayloadBytes(*result);
    shown = Apply(shown, result->patches);
    stale.Subtract(result->done);
  }
  EXPECT_EQ(shown, page);
  EXPECT_LT(bytes, 500'000u);
}

TEST(EncodeIntraTest, ThreadsShareAPictureButNoContext) {
  const BandedPicture picture = ToBanded(Typewriter().Page({640, 480}));
  const Damage damage(Rect::Of(picture.size()));
  const auto alone = EncodeIntra(picture, damage, kMaxUpdatePayloadBytes);
  ASSERT_TRUE(alone.ok());
  std::vector<size_t> bytes(4, 0);
  std::vector<std::thread> threads;
  for (size_t& mine : bytes) {
    threads.emplace_back([&picture, &damage, &mine] {
      for (int i = 0; i < 10; ++i) {
        const auto result =
            EncodeIntra(picture, damage, kMaxUpdatePayloadBytes);
        if (result.ok()) mine = PayloadBytes(*result);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const size_t mine : bytes) EXPECT_EQ(mine, PayloadBytes(*alone));
}

}  // namespace
}  // namespace oriel::encoder
