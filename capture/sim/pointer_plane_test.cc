#include "capture/sim/pointer_plane.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace oriel::capture::sim {
namespace {

using std::chrono::milliseconds;

TEST(PointerPlaneTest, SwingsOverThePictureAndItsEdgesAndIsNowhereAtTimes) {
  const auto pointer = PointerPlane::Make(30);
  ASSERT_TRUE(pointer.ok()) << pointer.status();
  constexpr Size kPicture = {640, 480};
  bool beyond = false;
  int nowhere = 0;
  for (int tick = 0; tick < 240; ++tick) {
    (*pointer)->Move(milliseconds(tick * 1000 / 30 + 1), kPicture);
    vfio_device_gfx_plane_info info{};
    (*pointer)->Describe(info);
    const auto at = (*pointer)->at();
    EXPECT_EQ(info.drm_format != 0, at.has_value());
    nowhere += !at.has_value();
    if (!at.has_value()) continue;
    beyond |= at->x_px < 0;
    EXPECT_LT(at->x_px, kPicture.width_px);
    EXPECT_LT(at->y_px, kPicture.height_px);
    EXPECT_EQ(static_cast<int32_t>(info.x_pos), at->x_px);
  }
  EXPECT_TRUE(beyond);
  EXPECT_NEAR(nowhere, 30, 1);
}

TEST(PointerPlaneTest, ItsShapeIsAPremultipliedArrow) {
  const auto pointer = PointerPlane::Make(30);
  ASSERT_TRUE(pointer.ok()) << pointer.status();
  std::vector<uint8_t> bytes(PointerPlane::kRegionBytes);
  ASSERT_TRUE((*pointer)->Read(0, bytes).ok());
  EXPECT_EQ(bytes[3], 0xFF);        // the tip is black
  EXPECT_EQ(bytes[31 * 4 + 3], 0);  // and nothing is beside it
  for (size_t i = 0; i < bytes.size(); i += 4)
    for (size_t c = i; c < i + 3; ++c) EXPECT_LE(bytes[c], bytes[i + 3]);
}

}  // namespace
}  // namespace oriel::capture::sim
