// What a lossless update takes from the heap once the encoder is warm, zstd's
// memory included: malloc itself is counted.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>

#include "encoder/lossless/lossless_encoder.h"
#include "encoder/test_pictures.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<size_t> allocations{0};
std::atomic<size_t> largest_bytes{0};

}  // namespace

#ifndef ORIEL_SANITIZED
namespace {

void Note(size_t size_bytes) {
  if (!counting.load()) return;
  ++allocations;
  largest_bytes = std::max(largest_bytes.load(), size_bytes);
}

}  // namespace

extern "C" void* __libc_malloc(size_t size_bytes);
extern "C" void* __libc_calloc(size_t count, size_t size_bytes);
extern "C" void* malloc(size_t size_bytes) {
  Note(size_bytes);
  return __libc_malloc(size_bytes);
}
extern "C" void* calloc(size_t count, size_t size_bytes) {
  Note(count * size_bytes);
  return __libc_calloc(count, size_bytes);
}
#endif

namespace oriel::encoder {
namespace {

constexpr Size kSize = {1280, 720};

// The lists of rectangles that an update is: never pixels.
constexpr size_t kListBytes = 8 * 1024;

TEST(AllocationsTest, AWarmEncoderTakesNoMemoryButForItsPatches) {
#ifdef ORIEL_SANITIZED
  GTEST_SKIP() << "sanitizers have a malloc of their own";
#endif
  Typewriter typewriter;
  Picture page = typewriter.Page(kSize);
  LosslessEncoder encoder;
  int counted = 0;
  int large = 0;
  for (int update = 0; update < 400; ++update) {
    const BandedPicture before = ToBanded(page);
    // By turns a scroll, a line, a letter.
    if (update % 3 == 0) ScrollUp(page, Rect::Of(kSize), 16);
    if (update % 3 <= 1)
      typewriter.DrawLine(page, 0, kSize.width_px, kSize.height_px - 32);
    typewriter.DrawLetter(page, 8 * (update % 150), 320, update);
    const BandedPicture after = ToBanded(page);
    const Damage damage(Rect::Of(kSize));
    allocations = largest_bytes = 0;
    counting = update >= 60;
    const auto result = encoder.Encode(
        {.picture = after, .reference = before, .damage = damage});
    counting = false;
    ASSERT_TRUE(result.ok()) << result.status();
    size_t payload_bytes = 0;
    for (const Patch& patch : result->patches) {
      if (patch.payload != nullptr)
        payload_bytes = std::max(payload_bytes, patch.payload->size());
    }
    EXPECT_LT(allocations.load(), 200u) << "update " << update;
    counted += update >= 60 ? 1 : 0;
    large += largest_bytes > std::max(payload_bytes, kListBytes) ? 1 : 0;
  }
  // zstd gives back what it has not needed for its last 128 patches.
  EXPECT_LE(large, counted / 10);
}

}  // namespace
}  // namespace oriel::encoder
