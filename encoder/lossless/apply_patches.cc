#include "encoder/lossless/apply_patches.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <cstring>
#include <memory>

#include "base/picture/damage.h"

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

std::vector<uint8_t> Green(const std::vector<uint8_t>& pixels) {
  std::vector<uint8_t> out;
  for (size_t i = 1; i < pixels.size(); i += kBytesPerPixel)
    out.push_back(pixels[i]);
  return out;
}

std::vector<uint8_t> Decode(const Patch& patch, const Picture& base) {
  size_t size = size_t(patch.rect.AreaPx()) * kBytesPerPixel;
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
  const auto& [prefix_rect, grey] = std::get<Lossless>(patch.kind);
  std::vector<uint8_t> prefix =
      prefix_rect ? Pixels(base, *prefix_rect) : std::vector<uint8_t>();
  if (grey) {
    prefix = Green(prefix);
    size /= kBytesPerPixel;
  }
  EXPECT_EQ(
      ZSTD_getFrameContentSize(patch.payload->data(), patch.payload->size()),
      size);
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(
      ZSTD_createDCtx(), &ZSTD_freeDCtx);
  ZSTD_DCtx_refPrefix(context.get(), prefix.data(), prefix.size());
  EXPECT_EQ(ZSTD_decompressDCtx(context.get(), out.data(), size,
                                patch.payload->data(), patch.payload->size()),
            size);
  if (!grey) return out;
  for (size_t i = size; i-- > 0;) {
    const uint8_t shade = out[i];
    const uint8_t pixel[] = {shade, shade, shade, 0xFF};
    std::memcpy(out.data() + i * kBytesPerPixel, pixel, sizeof(pixel));
  }
  return out;
}

}  // namespace

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

}  // namespace oriel::encoder
