#include "encoder/lossless/lossless_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "encoder/lossless/apply_patches.h"
#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

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
  EXPECT_LT(PayloadBytes(result), 100u);
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
  EXPECT_LT(PayloadBytes(result), 1000u);
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

TEST(LosslessEncoderTest, GreyPixelsAreAByteEachWhateverTheirPrefixIs) {
  Typewriter typewriter;
  const Picture page = typewriter.Page({320, 64});
  Picture before = page;
  FillRect(before, {0, 0, 320, 20}, 0x204060);
  Picture after = page;
  typewriter.DrawLine(after, 0, 320, 40);
  const EncodeResult result = EncodeAll(after, before);
  EXPECT_EQ(Apply(before, result.patches), after);
  int deltas = 0;
  for (const Patch& patch : result.patches) {
    const auto* lossless = std::get_if<Lossless>(&patch.kind);
    if (lossless == nullptr) continue;
    EXPECT_TRUE(lossless->grey);
    deltas += lossless->prefix.has_value() ? 1 : 0;
  }
  EXPECT_GE(deltas, 1);
  // One pixel of a colour makes it BGRX.
  FillRect(after, {160, 48, 1, 1}, 0x7F7F80);
  const EncodeResult coloured =
      Encode(after, before, Damage(Rect{150, 40, 20, 16}));
  ASSERT_EQ(CountOf<Lossless>(coloured), 1u);
  for (const Patch& patch : coloured.patches)
    EXPECT_FALSE(std::get<Lossless>(patch.kind).grey);
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

// Runs the tasks on as many threads, last one first.
void OnThreads(int count, const std::function<void(int)>& task) {
  std::vector<std::thread> threads;
  for (int i = count - 1; i >= 0; --i) threads.emplace_back(task, i);
  for (std::thread& thread : threads) thread.join();
}

bool SamePatches(const EncodeResult& a, const EncodeResult& b) {
  return std::equal(a.patches.begin(), a.patches.end(), b.patches.begin(),
                    b.patches.end(), [](const Patch& x, const Patch& y) {
                      return x.rect == y.rect && x.kind == y.kind &&
                             (x.payload == nullptr) == (y.payload == nullptr) &&
                             (x.payload == nullptr || *x.payload == *y.payload);
                    });
}

TEST(LosslessEncoderTest, ThreadsChangeNoByte) {
  const Size size = {1280, 800};
  const BandedPicture pictures[] = {
      BandedPicture(size), ToBanded(Typewriter().Page(size)),
      ToBanded(NoisePicture(size, 1)), ToBanded(SmoothPicture(size))};
  const Damage all(Rect::Of(size));
  for (const size_t max_bytes : {kMaxUpdatePayloadBytes, size_t{200'000}}) {
    LosslessEncoder serial;
    LosslessEncoder parallel(OnThreads);
    for (int step = 0; step < 3; ++step) {
      const EncodeRequest request = {.picture = pictures[step + 1],
                                     .reference = pictures[step],
                                     .damage = all,
                                     .keyframe = step == 0,
                                     .max_payload_bytes = max_bytes};
      const auto one = serial.Encode(request);
      const auto several = parallel.Encode(request);
      ASSERT_TRUE(one.ok() && several.ok());
      EXPECT_GT(one->patches.size(), 1u);
      EXPECT_TRUE(SamePatches(*one, *several)) << step << " " << max_bytes;
      EXPECT_EQ(one->done, several->done);
    }
  }
}

TEST(LosslessEncoderTest, AHurriedUpdateIsExactToo) {
  const Size size = {640, 480};
  const Picture before = Typewriter().Page(size);
  for (const Picture& after : {NoisePicture(size, 1), SmoothPicture(size)}) {
    const BandedPicture picture = ToBanded(after);
    const BandedPicture reference = ToBanded(before);
    const Damage all(Rect::Of(size));
    Picture shown = before;
    Damage left = all;
    LosslessEncoder encoder;
    for (int update = 0; !left.empty(); ++update) {
      ASSERT_LT(update, 5);
      const BandedPicture now = ToBanded(shown);
      const auto result = encoder.Encode({.picture = picture,
                                          .reference = now,
                                          .damage = left,
                                          .hurry = true});
      ASSERT_TRUE(result.ok());
      shown = Apply(shown, result->patches);
      left.Subtract(result->done);
    }
    EXPECT_EQ(shown, after);
  }
}

void ExpectNoUnusableSource(const std::vector<Patch>& patches,
                            const Damage& unusable) {
  for (const Patch& patch : patches) {
    if (const auto* copy = std::get_if<Copy>(&patch.kind)) {
      EXPECT_FALSE(
          unusable.Intersects({copy->source_x_px, copy->source_y_px,
                               patch.rect.width_px, patch.rect.height_px}));
    } else if (const auto* lossless = std::get_if<Lossless>(&patch.kind)) {
      if (lossless->prefix.has_value()) {
        EXPECT_FALSE(unusable.Intersects(*lossless->prefix));
        EXPECT_LE(lossless->prefix->AreaPx(), 4 * patch.rect.AreaPx());
      }
    }
  }
}

TEST(LosslessEncoderTest, UnusablePixelsAreSentThoughTheyAreEqual) {
  const Picture page = Typewriter().Page({640, 480});
  const BandedPicture picture = ToBanded(page);
  const Damage unusable({100, 100, 200, 64});
  LosslessEncoder encoder;
  const auto result = encoder.Encode({.picture = picture,
                                      .reference = picture,
                                      .damage = Damage({50, 120, 100, 100}),
                                      .unusable_reference = &unusable});
  ASSERT_TRUE(result.ok());
  Damage sent;
  for (const Patch& patch : result->patches) sent.Add(patch.rect);
  EXPECT_TRUE(sent.Contains({100, 120, 50, 44}));
  EXPECT_FALSE(sent.Contains({50, 120, 50, 44}));
  ExpectNoUnusableSource(result->patches, unusable);
}

// Viewers have rubbish where the reference is unusable.
TEST(LosslessEncoderTest, WhateverIsUnusableTheViewerEndsByteEqualElsewhere) {
  std::mt19937 random(8);
  Typewriter typewriter;
  const Size size = {401, 307};
  Picture before = typewriter.Page(size);
  LosslessEncoder encoder;
  for (int step = 0; step < 150; ++step) {
    Picture after = before;
    if (step % 2 == 0) {
      ScrollUp(after, Rect::Of(size), 1 + static_cast<int32_t>(random() % 40));
      typewriter.DrawLine(after, 0, size.width_px, 250);
    } else {
      Scribble(after, random, typewriter);
    }
    Damage unusable;
    Picture shown = before;
    for (int i = static_cast<int>(random() % 4); i >= 0; --i) {
      const Rect rect = Intersection({static_cast<int32_t>(random() % 400),
                                      static_cast<int32_t>(random() % 300),
                                      1 + static_cast<int32_t>(random() % 150),
                                      1 + static_cast<int32_t>(random() % 90)},
                                     Rect::Of(size));
      unusable.Add(rect);
      FillRect(shown, rect, random() & 0xFFFFFF);
    }
    const BandedPicture picture = ToBanded(after);
    const BandedPicture reference = ToBanded(before);
    const auto result = encoder.Encode({.picture = picture,
                                        .reference = reference,
                                        .damage = Damage(Rect::Of(size)),
                                        .unusable_reference = &unusable});
    ASSERT_TRUE(result.ok()) << result.status();
    ExpectNoUnusableSource(result->patches, unusable);
    ASSERT_EQ(Apply(shown, result->patches), after) << "step " << step;
    before = after;
  }
}

TEST(LosslessEncoderTest, PrefixesAreAtMostFourTimesThePatch) {
  std::mt19937 random(9);
  Typewriter typewriter;
  const Damage none;
  Picture before = typewriter.Page({500, 400});
  for (int step = 0; step < 60; ++step) {
    Picture after = before;
    Scribble(after, random, typewriter);
    ExpectNoUnusableSource(EncodeAll(after, before).patches, none);
    before = after;
  }
}

}  // namespace
}  // namespace oriel::encoder
