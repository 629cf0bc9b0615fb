#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "encoder/lossless/apply_patches.h"
#include "encoder/test_pictures.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {
namespace {

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
