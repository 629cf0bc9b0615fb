#include "capture/display/cursor_info.h"

#include <libdrm/drm_fourcc.h>

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::ElementsAre;

// Of GVT-g's kind.
vfio_device_gfx_plane_info Pointer() {
  vfio_device_gfx_plane_info info{};
  info.drm_format = DRM_FORMAT_ARGB8888;
  info.width = info.height = 64;
  info.stride = 256;
  info.size = 64 * 256;
  info.x_pos = 100;
  info.y_pos = 50;
  info.x_hot = 3;
  info.y_hot = 4;
  info.region_index = 11;
  return info;
}

PlaneLayout Primary() {
  PlaneLayout primary;
  primary.format = {DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_LINEAR};
  primary.size = {640, 480};
  primary.stride_bytes = 2560;
  primary.region_index = 9;
  return primary;
}

CursorInfo Parse(const vfio_device_gfx_plane_info& info) {
  return ParseCursorInfo(info, PlaneKind::kRegion, Primary());
}

TEST(ParseCursorInfoTest, ReadsAPointer) {
  const CursorInfo cursor = Parse(Pointer());
  EXPECT_TRUE(cursor.is_pointer);
  EXPECT_TRUE(cursor.visible);
  EXPECT_EQ(cursor.at, (Point{100, 50}));
  EXPECT_EQ(cursor.hot_spot, (Point{3, 4}));
  ASSERT_TRUE(cursor.shape.has_value());
  EXPECT_EQ(cursor.shape->size, (Size{64, 64}));
  EXPECT_EQ(cursor.shape->region_index, 11u);
}

TEST(ParseCursorInfoTest, ZerosMeanNowhere) {
  const CursorInfo cursor = Parse({});
  EXPECT_TRUE(cursor.is_pointer);
  EXPECT_FALSE(cursor.visible);
}

TEST(ParseCursorInfoTest, PrimaryPlaneInstead) {
  vfio_device_gfx_plane_info mdpy = Pointer();
  mdpy.region_index = 9;
  EXPECT_FALSE(Parse(mdpy).is_pointer);
  vfio_device_gfx_plane_info large = Pointer();
  large.width = 513;
  large.stride = 4096;
  large.size = 64 * 4096;
  EXPECT_FALSE(Parse(large).is_pointer);
  PlaneLayout primary = Primary();
  primary.dma_buf_id = 11;
  EXPECT_FALSE(
      ParseCursorInfo(Pointer(), PlaneKind::kDmaBuf, primary).is_pointer);
  primary.dma_buf_id = 12;
  EXPECT_TRUE(
      ParseCursorInfo(Pointer(), PlaneKind::kDmaBuf, primary).is_pointer);
}

TEST(ParseCursorInfoTest, EdgesAreNegativeAndBeyondThemIsGarbage) {
  vfio_device_gfx_plane_info info = Pointer();
  info.x_pos = static_cast<uint32_t>(-4);
  EXPECT_EQ(Parse(info).at.x_px, -4);
  info.x_pos = 0xDEADBEEF;
  EXPECT_FALSE(Parse(info).visible);
  info.x_pos = 0;
  info.y_pos = 1 << 20;
  EXPECT_FALSE(Parse(info).visible);
}

TEST(ParseCursorInfoTest, HotSpotOutsideTheShapeIsUnknown) {
  for (const uint32_t hot : {0xFFFFFFFFu, 64u, static_cast<uint32_t>(-5)}) {
    vfio_device_gfx_plane_info info = Pointer();
    info.x_hot = hot;
    EXPECT_TRUE(Parse(info).visible);
    EXPECT_FALSE(Parse(info).hot_spot.has_value()) << hot;
  }
}

TEST(ParseCursorInfoTest, UnknownFormatHasAPlaceButNoShape) {
  vfio_device_gfx_plane_info info = Pointer();
  info.drm_format = DRM_FORMAT_C8;
  const CursorInfo cursor = Parse(info);
  EXPECT_TRUE(cursor.visible);
  EXPECT_EQ(cursor.at, (Point{100, 50}));
  EXPECT_FALSE(cursor.shape.has_value());
}

TEST(ParseCursorInfoTest, ContradictionsMakeItNowhere) {
  vfio_device_gfx_plane_info info = Pointer();
  info.stride = 16;
  EXPECT_FALSE(Parse(info).visible);
  info = Pointer();
  info.size = 100;
  EXPECT_FALSE(Parse(info).visible);
}

PlaneLayout Row(uint32_t fourcc, int32_t width_px) {
  PlaneLayout layout;
  layout.format = {fourcc, DRM_FORMAT_MOD_LINEAR};
  layout.size = {width_px, 1};
  return layout;
}

TEST(ToStraightAlphaTest, PremultipliedColoursAreDivided) {
  const std::vector<uint8_t> pixels = {64, 32, 0,  128,  // half
                                       10, 20, 30, 255,  // opaque
                                       0,  0,  0,  0};
  EXPECT_THAT(ToStraightAlpha(Row(DRM_FORMAT_ARGB8888, 3), pixels),
              ElementsAre(128, 64, 0, 128, 10, 20, 30, 255, 0, 0, 0, 0));
}

TEST(ToStraightAlphaTest, ColoursAboveTheirAlphaAreStraightAlready) {
  const std::vector<uint8_t> pixels = {64, 32, 0, 128, 255, 0, 0, 10};
  EXPECT_THAT(ToStraightAlpha(Row(DRM_FORMAT_ARGB8888, 2), pixels),
              ElementsAre(64, 32, 0, 128, 255, 0, 0, 10));
}

TEST(ToStraightAlphaTest, OtherOrdersAndFormatsWithoutAlphaAreConverted) {
  const std::vector<uint8_t> pixels = {1, 2, 3, 4};
  EXPECT_THAT(ToStraightAlpha(Row(DRM_FORMAT_XRGB8888, 1), pixels),
              ElementsAre(1, 2, 3, 255));
  EXPECT_THAT(ToStraightAlpha(Row(DRM_FORMAT_ABGR8888, 1),
                              std::vector<uint8_t>{30, 20, 10, 255}),
              ElementsAre(10, 20, 30, 255));
  EXPECT_THAT(ToStraightAlpha(Row(DRM_FORMAT_RGB565, 1),
                              std::vector<uint8_t>{0x00, 0xF8}),
              ElementsAre(0, 0, 255, 255));
}

}  // namespace
}  // namespace oriel::capture
