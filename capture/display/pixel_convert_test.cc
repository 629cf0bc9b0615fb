#include "capture/display/pixel_convert.h"

#include <libdrm/drm_fourcc.h>

#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

// A channel's place in the little-endian number that a pixel is, as
// drm_fourcc.h's comments give it.
struct Channel {
  int shift;
  int bits;
};
struct Layout {
  const char* name;
  uint32_t fourcc;
  int bytes;
  Channel red;
  Channel green;
  Channel blue;
  bool converted;
};

constexpr Layout kLayouts[] = {
    {"XR24", DRM_FORMAT_XRGB8888, 4, {16, 8}, {8, 8}, {0, 8}, false},
    {"AR24", DRM_FORMAT_ARGB8888, 4, {16, 8}, {8, 8}, {0, 8}, false},
    {"XB24", DRM_FORMAT_XBGR8888, 4, {0, 8}, {8, 8}, {16, 8}, false},
    {"AB24", DRM_FORMAT_ABGR8888, 4, {0, 8}, {8, 8}, {16, 8}, false},
    {"RG24", DRM_FORMAT_RGB888, 3, {16, 8}, {8, 8}, {0, 8}, false},
    {"BG24", DRM_FORMAT_BGR888, 3, {0, 8}, {8, 8}, {16, 8}, false},
    {"RG16", DRM_FORMAT_RGB565, 2, {11, 5}, {5, 6}, {0, 5}, false},
    {"XR30", DRM_FORMAT_XRGB2101010, 4, {20, 10}, {10, 10}, {0, 10}, true},
    {"XB30", DRM_FORMAT_XBGR2101010, 4, {0, 10}, {10, 10}, {20, 10}, true},
};

// Bit by bit: output bit 7 is the channel's uppermost, and after the lowest
// comes the uppermost again.
uint8_t EightBits(uint64_t pixel, Channel channel) {
  unsigned value = 0;
  for (int i = 0; i < 8; ++i) {
    const int bit = channel.bits - 1 - i % channel.bits;
    value = value << 1 | (pixel >> (channel.shift + bit) & 1);
  }
  return static_cast<uint8_t>(value);
}

// Through the scan, because formats without a convert function rely on it.
Picture Converted(const RowFormat& row, const std::vector<uint8_t>& bytes,
                  Size size) {
  PlaneCopy copy(size, row);
  std::vector<Rect> changed;
  copy.Take({bytes.data(), size_t(size.width_px) * row.bytes_per_pixel},
            Rect::Of(size), changed);
  return copy.picture().ToPicture();
}

class PixelConvertTest : public ::testing::TestWithParam<Layout> {};

TEST_P(PixelConvertTest, EveryPixelMatchesTheReferenceAtAnyWidth) {
  const Layout& layout = GetParam();
  const auto format = FindSourceFormat({layout.fourcc, 0});
  ASSERT_TRUE(format.ok()) << format.status();
  ASSERT_EQ(format->row.bytes_per_pixel, layout.bytes);
  EXPECT_EQ(format->converted, layout.converted);
  std::mt19937 random(77);
  for (const int32_t width : {1, 2, 3, 7, 15, 17, 63, 64, 65, 129, 641}) {
    const Size size = {width, 3};
    std::vector<uint8_t> bytes(size_t(size.AreaPx()) * layout.bytes);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    const Picture picture = Converted(format->row, bytes, size);
    for (int64_t i = 0; i < size.AreaPx(); ++i) {
      uint64_t pixel = 0;
      for (int k = layout.bytes - 1; k >= 0; --k) {
        pixel = pixel << 8 | bytes[i * layout.bytes + k];
      }
      const uint8_t* out = picture.bytes().data() + i * 4;
      ASSERT_EQ(out[0], EightBits(pixel, layout.blue)) << width << " " << i;
      ASSERT_EQ(out[1], EightBits(pixel, layout.green)) << width << " " << i;
      ASSERT_EQ(out[2], EightBits(pixel, layout.red)) << width << " " << i;
      ASSERT_EQ(out[3], 0xFF) << width << " " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllFormats, PixelConvertTest,
                         ::testing::ValuesIn(kLayouts), [](const auto& layout) {
                           return std::string(layout.param.name);
                         });

TEST(FindSourceFormatTest, UnknownFormatIsRefusedByNameWithTheSupportedOnes) {
  const auto format = FindSourceFormat({DRM_FORMAT_NV12, 0});
  EXPECT_TRUE(absl::IsUnimplemented(format.status()));
  EXPECT_THAT(std::string(format.status().message()),
              HasSubstr("plane format NV12 "));
  EXPECT_THAT(
      std::string(format.status().message()),
      HasSubstr("XR24, AR24, XB24, AB24, RG24, BG24, RG16, XR30, XB30"));
}

TEST(FindSourceFormatTest, TiledPlaneIsRefusedWithItsModifier) {
  const auto format =
      FindSourceFormat({DRM_FORMAT_XRGB8888, I915_FORMAT_MOD_X_TILED});
  EXPECT_TRUE(absl::IsUnimplemented(format.status()));
  EXPECT_THAT(std::string(format.status().message()),
              HasSubstr("XR24 modifier 0x100000000000001"));
}

TEST(FindSourceFormatTest, BigEndianVariantIsAnotherFormat) {
  EXPECT_FALSE(
      FindSourceFormat({DRM_FORMAT_XRGB8888 | DRM_FORMAT_BIG_ENDIAN, 0}).ok());
}

}  // namespace
}  // namespace oriel::capture
