#include "capture/sim/virtual_device.h"

#include <gtest/gtest.h>
#include <libdrm/drm_fourcc.h>

#include <cstring>

#include "capture/edid/edid.h"
#include "capture/edid/generated_edid.h"
#include "capture/sim/picture_scenes.h"
#include "capture/sim/scene_framebuffer.h"

namespace oriel::capture::sim {
namespace {

constexpr uint64_t kEdidSize = 8;
constexpr uint64_t kLinkState = 20;

class EdidRegionTest : public testing::Test {
 protected:
  absl::Status WriteWord(uint64_t offset, uint32_t value) {
    uint8_t bytes[4];
    std::memcpy(bytes, &value, sizeof(bytes));
    return region_.Write(offset, bytes);
  }
  absl::Status Plug(std::span<const uint8_t> blob) {
    EXPECT_TRUE(WriteWord(kLinkState, 2).ok());
    EXPECT_TRUE(WriteWord(kEdidSize, static_cast<uint32_t>(blob.size())).ok());
    EXPECT_TRUE(region_.Write(EdidRegion::kBlobOffset, blob).ok());
    return WriteWord(kLinkState, 1);
  }

  std::vector<edid::Mode> connected_;
  absl::Status answer_;
  EdidRegion region_{{3840, 2160}, [this](const edid::Mode& mode) {
                       connected_.push_back(mode);
                       return answer_;
                     }};
};

TEST_F(EdidRegionTest, TheDocumentedStepsConnectThePreferredMode) {
  const auto blob = edid::BuildEdid({.preferred = {1366, 768}});
  ASSERT_TRUE(Plug(*blob).ok());
  ASSERT_EQ(connected_.size(), 1u);
  EXPECT_EQ(connected_[0].width_px, 1366);
  EXPECT_EQ(connected_[0].height_px, 768);
  EXPECT_TRUE(region_.link_up());
}

TEST_F(EdidRegionTest, ABlobThatIsNoEdidLeavesTheLinkDown) {
  EXPECT_EQ(Plug(std::vector<uint8_t>(128)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Plug({}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(region_.link_up());
  EXPECT_TRUE(connected_.empty());
}

// Interlaced, in a CTA-861 block alone, in a DisplayID block, nowhere.
TEST_F(EdidRegionTest, EveryEdidConnectsAModeThatFits) {
  for (int kind = 0; kind < edid::kBlockKinds; ++kind) {
    for (uint32_t seed = 1; seed <= 5; ++seed) {
      const auto blob =
          edid::GenerateEdid(static_cast<edid::BlockKind>(kind), seed);
      connected_.clear();
      const absl::Status status = Plug(blob);
      ASSERT_TRUE(status.ok()) << kind << ": " << status;
      ASSERT_EQ(connected_.size(), 1u);
      EXPECT_LE(connected_[0].width_px, 3840);
      EXPECT_LE(connected_[0].height_px, 2160);
    }
  }
}

TEST_F(EdidRegionTest, AnInterlacedPreferredModeIsShownWhole) {
  auto blob = *edid::BuildEdid({.preferred = {1366, 768}});
  blob[54 + 17] |= 0x80;
  edid::FixChecksums(blob);
  ASSERT_TRUE(Plug(blob).ok());
  EXPECT_EQ(connected_[0].height_px, 2 * 768);
}

TEST_F(EdidRegionTest, AModeThatIsRefusedLeavesTheLinkDown) {
  answer_ = absl::InvalidArgumentError("too large");
  const auto blob = edid::BuildEdid({.preferred = {1366, 768}});
  EXPECT_FALSE(Plug(*blob).ok());
  EXPECT_FALSE(region_.link_up());
}

TEST_F(EdidRegionTest, NothingIsWrittenWhileTheLinkIsUp) {
  ASSERT_TRUE(Plug(*edid::BuildEdid({.preferred = {1366, 768}})).ok());
  EXPECT_FALSE(WriteWord(kEdidSize, 128).ok());
  EXPECT_FALSE(region_.Write(EdidRegion::kBlobOffset, {{1}}).ok());
}

TEST_F(EdidRegionTest, ReadOnlyRegistersStayAsTheyAre) {
  for (uint64_t offset : {0, 4, 12, 16, 24, 1020}) {
    EXPECT_EQ(WriteWord(offset, 7).code(), absl::StatusCode::kPermissionDenied);
  }
}

TEST_F(EdidRegionTest, RegistersAreWrittenInAlignedWordsOnly) {
  const uint8_t bytes[8] = {2};
  EXPECT_FALSE(region_.Write(kLinkState, std::span(bytes).first(1)).ok());
  EXPECT_FALSE(region_.Write(kLinkState, bytes).ok());
  EXPECT_FALSE(region_.Write(kLinkState + 1, std::span(bytes).first(4)).ok());
}

TEST_F(EdidRegionTest, TheBlobEndsWhereItsSizeSays) {
  EXPECT_FALSE(WriteWord(kEdidSize, EdidRegion::kMaxBlobBytes + 1).ok());
  ASSERT_TRUE(WriteWord(kEdidSize, 128).ok());
  const std::vector<uint8_t> bytes(129);
  EXPECT_FALSE(region_.Write(EdidRegion::kBlobOffset, bytes).ok());
  EXPECT_FALSE(region_.Write(EdidRegion::kBlobOffset + 128, {{1}}).ok());
  EXPECT_FALSE(region_.Write(EdidRegion::kSizeBytes - 1, {{1}}).ok());
  EXPECT_TRUE(region_.Write(EdidRegion::kBlobOffset + 127, {{1}}).ok());
}

TEST_F(EdidRegionTest, AnUnknownLinkStateIsRefused) {
  EXPECT_FALSE(WriteWord(kLinkState, 0).ok());
  EXPECT_FALSE(WriteWord(kLinkState, 3).ok());
}

// A picture whose pixels do not start where the region does.
class OffsetFramebuffer : public Framebuffer {
 public:
  int fd() const override { return -1; }
  uint64_t region_size_bytes() const override { return 8192; }
  Plane plane() const override {
    return {DRM_FORMAT_XRGB8888, {16, 16}, 64, 3232};
  }
  absl::Status Read(uint64_t, std::span<uint8_t>) const override {
    return absl::OkStatus();
  }
  Size max_size() const override { return {16, 16}; }
  absl::Status SetMode(Size) override { return absl::OkStatus(); }
  void Draw(const SceneTime&) override {}
  std::optional<Duration> NextChange(const SceneTime&) const override {
    return std::nullopt;
  }
};

TEST(VirtualDeviceTest, APictureInsideTheRegionHasNoPlaneQuery) {
  const VirtualDevice device(std::make_unique<OffsetFramebuffer>(), {});
  for (uint32_t probe : {0u, uint32_t{VFIO_GFX_PLANE_TYPE_PROBE}}) {
    vfio_device_gfx_plane_info info = {
        .argsz = sizeof(info),
        .flags = probe | VFIO_GFX_PLANE_TYPE_REGION,
        .drm_plane_type = 1};
    EXPECT_EQ(device.QueryPlane(info).code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(VirtualDeviceTest, AModeBeyondTheLargestIsRefused) {
  auto framebuffer = MakeSceneFramebuffer(
      MakePatternScene({320, 200}), *FindPixelWriter(DRM_FORMAT_XRGB8888));
  ASSERT_TRUE(framebuffer.ok());
  EXPECT_FALSE((*framebuffer)->SetMode({3841, 100}).ok());
  EXPECT_FALSE((*framebuffer)->SetMode({0, 0}).ok());
  EXPECT_TRUE((*framebuffer)->SetMode(kLargestMode).ok());
  const Plane plane = (*framebuffer)->plane();
  EXPECT_LE(uint64_t{plane.stride_bytes} * plane.size.height_px,
            (*framebuffer)->region_size_bytes());
}

class CursorTest : public testing::Test {
 protected:
  static std::unique_ptr<VirtualDevice> Make(VirtualDeviceOptions options) {
    auto framebuffer = MakeSceneFramebuffer(
        MakePatternScene({640, 480}), *FindPixelWriter(DRM_FORMAT_XRGB8888));
    if (!framebuffer.ok()) return nullptr;
    return std::make_unique<VirtualDevice>(*std::move(framebuffer),
                                           std::move(options));
  }
  static vfio_device_gfx_plane_info Query(const VirtualDevice& device,
                                          uint32_t plane_type) {
    vfio_device_gfx_plane_info info = {.argsz = sizeof(info),
                                       .flags = VFIO_GFX_PLANE_TYPE_REGION,
                                       .drm_plane_type = plane_type};
    EXPECT_TRUE(device.QueryPlane(info).ok());
    return info;
  }
};

TEST_F(CursorTest, LiesInARegionOfItsOwnAndMoves) {
  auto pointer = PointerPlane::Make(30);
  ASSERT_TRUE(pointer.ok()) << pointer.status();
  const auto device = Make({.pointer = *std::move(pointer)});
  device->Draw({std::chrono::milliseconds(1)});
  const vfio_device_gfx_plane_info first = Query(*device, 2);
  EXPECT_EQ(first.drm_format, uint32_t{DRM_FORMAT_ARGB8888});
  EXPECT_EQ(first.region_index, kPointerRegion);
  EXPECT_EQ(device->region_count(), kPointerRegion + 1);
  const auto region = device->DescribeRegion(kPointerRegion);
  ASSERT_TRUE(region.ok()) << region.status();
  EXPECT_GE(region->size_bytes, first.size);
  EXPECT_LE(*device->NextChange({std::chrono::milliseconds(1)}),
            std::chrono::milliseconds(34));
  device->Draw({std::chrono::milliseconds(500)});
  EXPECT_NE(Query(*device, 2).x_pos, first.x_pos);
  EXPECT_EQ(Query(*device, 1).region_index, kFramebufferRegion);
  EXPECT_EQ(Query(*device, 0).drm_format, 0u);
}

TEST_F(CursorTest, CanBeThePrimaryPlaneInstead) {
  const auto device = Make({.cursor_is_primary = true});
  const vfio_device_gfx_plane_info cursor = Query(*device, 2);
  EXPECT_EQ(cursor.region_index, kFramebufferRegion);
  EXPECT_EQ(cursor.width, 640u);
  EXPECT_FALSE(device->DescribeRegion(kPointerRegion).ok());
}

}  // namespace
}  // namespace oriel::capture::sim
