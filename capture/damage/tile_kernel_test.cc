#include "capture/damage/tile_kernel.h"

#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "hwy/highway.h"

namespace oriel::capture {
namespace {

// Exactly as long as it says, so that the address sanitizer sees more.
using Bytes = std::vector<uint8_t>;

Bytes RandomBytes(std::mt19937& random, size_t size) {
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

// Each kind of processor that this one can play.
template <typename Test>
void ForEachTarget(const Test& test) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    test();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

TEST(TileKernelTest, FirstDifferenceIsFoundAtEveryByte) {
  ForEachTarget([] {
    std::mt19937 random(1);
    for (const size_t run_bytes : {256, 192, 128, 189, 6, 4, 3, 2}) {
      const Bytes a = RandomBytes(random, run_bytes * 3);
      for (size_t at = 0; at < a.size(); ++at) {
        Bytes b = a;
        b[at] ^= 0x10;
        ASSERT_EQ(FirstDifference(a.data(), b.data(), run_bytes, 3, 0xFFFFFFFF),
                  at / run_bytes)
            << run_bytes << " at " << at;
        ASSERT_EQ(FirstDifference(a.data(), b.data(), run_bytes, 3, 0xFFFFFFFF,
                                  b.data(), a.data()),
                  at / run_bytes);
      }
      EXPECT_EQ(FirstDifference(a.data(), a.data(), run_bytes, 3, 0xFFFFFFFF),
                3u);
      EXPECT_EQ(FirstDifference(a.data(), a.data(), run_bytes, 0, 0xFFFFFFFF),
                0u);
    }
  });
}

TEST(TileKernelTest, BitsOutsideTheMaskDoNotCount) {
  ForEachTarget([] {
    std::mt19937 random(2);
    for (const size_t run_bytes : {256, 64, 36, 4}) {
      const Bytes a = RandomBytes(random, run_bytes);
      for (size_t bit = 0; bit < run_bytes * 8; ++bit) {
        Bytes b = a;
        b[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        const bool counts = bit % 32 < 30;
        ASSERT_EQ(FirstDifference(a.data(), b.data(), run_bytes, 1, 0x3FFFFFFF),
                  counts ? 0u : 1u)
            << bit;
      }
    }
  });
}

TEST(TileKernelTest, PixelsAreLoadedOpaqueAndComparedOneByOne) {
  ForEachTarget([] {
    std::mt19937 random(3);
    for (size_t count = 1; count <= kMaxRunPx; ++count) {
      const Bytes in = RandomBytes(random, count * 4);
      Bytes out(in.size());
      LoadOpaque(in.data(), count, out.data());
      Bytes expected = in;
      for (size_t i = 3; i < expected.size(); i += 4) expected[i] = 0xFF;
      ASSERT_EQ(out, expected);

      uint64_t bits = 0;
      for (size_t x = 0; x < count; ++x) {
        if (random() % 3 != 0) continue;
        bits |= uint64_t{1} << x;
        out[4 * x + random() % 4] ^= 1;
      }
      ASSERT_EQ(DifferingPixels(out.data(), expected.data(), count), bits);
    }
  });
}

}  // namespace
}  // namespace oriel::capture
