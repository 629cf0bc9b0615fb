#include "capture/display/plane_info.h"

#include <libdrm/drm_fourcc.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

// mdpy's, type vga: its `size` is the region's and larger than the picture.
vfio_device_gfx_plane_info Mdpy() {
  vfio_device_gfx_plane_info info{};
  info.argsz = sizeof(info);
  info.flags = VFIO_GFX_PLANE_TYPE_REGION;
  info.drm_plane_type = 1;
  info.drm_format = DRM_FORMAT_XRGB8888;
  info.width = 640;
  info.height = 480;
  info.stride = 2560;
  info.size = 2097152;
  info.region_index = 16;
  return info;
}

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

Region RegionOf(uint64_t size_bytes) {
  Region region;
  region.address.index = 16;
  region.size_bytes = size_bytes;
  return region;
}

TEST(ParsePlaneInfoTest, ReadsAPlaneInARegion) {
  const auto layout = ParsePlaneInfo(Mdpy(), PlaneKind::kRegion);
  ASSERT_TRUE(layout.ok()) << layout.status();
  EXPECT_EQ(**layout,
            (PlaneLayout{{DRM_FORMAT_XRGB8888, 0}, {640, 480}, 2560, 16, 0}));
  EXPECT_EQ(ImageBytes(**layout), 1228800u);
}

TEST(ParsePlaneInfoTest, PlaneIsOffWithoutFormatOrSize) {
  for (auto member :
       {&vfio_device_gfx_plane_info::drm_format,
        &vfio_device_gfx_plane_info::size, &vfio_device_gfx_plane_info::width,
        &vfio_device_gfx_plane_info::height}) {
    vfio_device_gfx_plane_info info = Mdpy();
    info.*member = 0;
    const auto layout = ParsePlaneInfo(info, PlaneKind::kRegion);
    ASSERT_TRUE(layout.ok()) << layout.status();
    EXPECT_FALSE(layout->has_value());
  }
}

TEST(ParsePlaneInfoTest, GarbageWhereOnlyCursorsHaveMeaningIsIgnored) {
  vfio_device_gfx_plane_info info = Mdpy();
  info.x_pos = info.y_pos = info.x_hot = info.y_hot = 0xDEADBEEF;
  EXPECT_TRUE(ParsePlaneInfo(info, PlaneKind::kRegion).ok());
}

TEST(ParsePlaneInfoTest, SidesBeyondTheLimitAreRefused) {
  for (const uint32_t side : {16385u, 0x80000000u, 0xFFFFFFFFu}) {
    vfio_device_gfx_plane_info info = Mdpy();
    info.width = side;
    EXPECT_THAT(MessageOf(ParsePlaneInfo(info, PlaneKind::kRegion).status()),
                HasSubstr(std::to_string(side) + " pixels wide"));
    info = Mdpy();
    info.height = side;
    EXPECT_THAT(MessageOf(ParsePlaneInfo(info, PlaneKind::kRegion).status()),
                HasSubstr(std::to_string(side) + " pixels high"));
  }
}

TEST(ParsePlaneInfoTest, LargestPlaneIsAllowed) {
  vfio_device_gfx_plane_info info = Mdpy();
  info.width = info.height = 16384;
  info.stride = 16384 * 4;
  info.size = 16384u * 16384 * 4;
  EXPECT_TRUE(ParsePlaneInfo(info, PlaneKind::kRegion).ok());
}

TEST(ParsePlaneInfoTest, StrideBelowARowIsRefusedWithBothNumbers) {
  vfio_device_gfx_plane_info info = Mdpy();
  info.stride = 2559;
  const absl::Status status = ParsePlaneInfo(info, PlaneKind::kRegion).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(MessageOf(status), HasSubstr("need 2560 bytes a row"));
  EXPECT_THAT(MessageOf(status), HasSubstr("stride is 2559 bytes"));
}

TEST(ParsePlaneInfoTest, SizeMustHoldTheRowsButNotTheLastGap) {
  vfio_device_gfx_plane_info info = Mdpy();
  info.stride = 4096;
  info.size = 4096 * 479 + 2560;
  EXPECT_TRUE(ParsePlaneInfo(info, PlaneKind::kRegion).ok());
  info.size -= 1;
  EXPECT_THAT(MessageOf(ParsePlaneInfo(info, PlaneKind::kRegion).status()),
              HasSubstr("need 1964544 bytes, but the device says that the "
                        "plane has 1964543"));
}

TEST(ParsePlaneInfoTest, HugeStrideDoesNotWrapAround) {
  vfio_device_gfx_plane_info info = Mdpy();
  info.width = 1;
  info.height = 16384;
  info.stride = 0xFFFFFFFF;
  info.size = 0xFFFFFFFF;
  EXPECT_THAT(MessageOf(ParsePlaneInfo(info, PlaneKind::kRegion).status()),
              HasSubstr("need 70364449193989 bytes"));
}

TEST(ParsePlaneInfoTest, UnreadableFormatIsUnimplemented) {
  vfio_device_gfx_plane_info info = Mdpy();
  info.drm_format = DRM_FORMAT_YUYV;
  EXPECT_TRUE(
      absl::IsUnimplemented(ParsePlaneInfo(info, PlaneKind::kRegion).status()));
  info = Mdpy();
  info.drm_format_mod = I915_FORMAT_MOD_Y_TILED;
  EXPECT_TRUE(
      absl::IsUnimplemented(ParsePlaneInfo(info, PlaneKind::kRegion).status()));
}

TEST(CheckPlaneLayoutTest, NegativeSidesAreRefused) {
  PlaneLayout layout = **ParsePlaneInfo(Mdpy(), PlaneKind::kRegion);
  layout.size.width_px = -640;
  EXPECT_TRUE(absl::IsInvalidArgument(CheckPlaneLayout(layout)));
}

TEST(CheckPlaneFitsTest, RowsMayEndExactlyWhereTheRegionDoes) {
  PlaneLayout layout = **ParsePlaneInfo(Mdpy(), PlaneKind::kRegion);
  EXPECT_TRUE(CheckPlaneFits(layout, RegionOf(1228800)).ok());
  layout.offset_bytes = 3232;
  EXPECT_TRUE(CheckPlaneFits(layout, RegionOf(3232 + 1228800)).ok());
  EXPECT_FALSE(CheckPlaneFits(layout, RegionOf(3231 + 1228800)).ok());
}

TEST(CheckPlaneFitsTest, SaysWhereRowsAndRegionEnd) {
  PlaneLayout layout = **ParsePlaneInfo(Mdpy(), PlaneKind::kRegion);
  layout.size = {1920, 1080};
  layout.stride_bytes = 7680;
  const absl::Status status = CheckPlaneFits(layout, RegionOf(2097152));
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(MessageOf(status),
              HasSubstr("rows end at byte 8294400 of region 16, which has "
                        "2097152 bytes"));
}

TEST(CheckPlaneFitsTest, OffsetNearTheEndOfNumbersDoesNotWrapAround) {
  PlaneLayout layout = **ParsePlaneInfo(Mdpy(), PlaneKind::kRegion);
  layout.offset_bytes = ~uint64_t{0} - 100;
  const absl::Status status = CheckPlaneFits(layout, RegionOf(2097152));
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(MessageOf(status),
              HasSubstr("begin at byte 18446744073709551515"));
}

}  // namespace
}  // namespace oriel::capture
