// The cursor plane as a device's frame source reports it.
#include <libdrm/drm_fourcc.h>

#include <cstring>
#include <memory>
#include <utility>

#include "capture/device/fake_device.h"
#include "capture/device/fake_dma_bufs.h"
#include "capture/display/device_frame_source.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

constexpr uint32_t kPrimaryPlane = 1;
constexpr size_t kBytes = size_t{256} * 1024;

vfio_device_gfx_plane_info PlaneOf(uint32_t fourcc, uint32_t side_px,
                                   uint32_t index) {
  vfio_device_gfx_plane_info info{};
  info.drm_format = fourcc;
  info.width = info.height = side_px;
  info.stride = side_px * 4;
  info.size = info.stride * side_px;
  info.x_hot = info.y_hot = 0xFFFFFFFF;
  info.region_index = index;
  return info;
}

// A primary plane of 200 and a cursor plane of 64 pixels a side, in regions 9
// and 10.
class CursorFrameTest : public ::testing::Test {
 protected:
  CursorFrameTest() {
    AddRegion(9, picture_);
    AddRegion(10, shape_);
    cursor_.x_pos = 20;
    cursor_.y_pos = 30;
    std::memset(shape_->bytes().data(), 0xFF, kBytes);
    device_->set_plane_hook([this](uint32_t flags, uint32_t plane_type)
                                -> absl::StatusOr<vfio_device_gfx_plane_info> {
      if ((flags & kind_) == 0) return absl::InvalidArgumentError("EINVAL");
      if (plane_type == kPrimaryPlane) return primary_;
      ++cursor_queries_;
      if (!cursor_status_.ok()) return cursor_status_;
      return cursor_;
    });
    device_->set_dma_buf_hook(
        [exporter = exporter_](uint32_t id) { return exporter->Get(id); });
  }

  void AddRegion(uint32_t index, std::shared_ptr<FakeMemory> memory) {
    device_->SetRegion(
        index,
        RegionReply(index,
                    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP,
                    kBytes)
            .bytes(),
        std::move(memory));
  }
  Frame MustScan() {
    if (source_ == nullptr) {
      auto source = OpenDeviceFrameSource(std::move(owned_), {});
      EXPECT_TRUE(source.ok()) << source.status();
      source_ = *std::move(source);
    }
    absl::StatusOr<Frame> frame = source_->Scan(now_);
    EXPECT_TRUE(frame.ok()) << frame.status();
    return frame.ok() ? *std::move(frame) : Frame{};
  }
  Cursor MustSee() {
    const Frame frame = MustScan();
    EXPECT_TRUE(frame.cursor.has_value());
    return frame.cursor.value_or(Cursor());
  }

  uint32_t kind_ = VFIO_GFX_PLANE_TYPE_REGION;
  vfio_device_gfx_plane_info primary_ = PlaneOf(DRM_FORMAT_XRGB8888, 200, 9);
  vfio_device_gfx_plane_info cursor_ = PlaneOf(DRM_FORMAT_ARGB8888, 64, 10);
  absl::Status cursor_status_;
  int cursor_queries_ = 0;
  Time now_{};
  std::shared_ptr<FakeMemory> picture_ = std::make_shared<FakeMemory>(kBytes);
  std::shared_ptr<FakeMemory> shape_ = std::make_shared<FakeMemory>(kBytes);
  std::shared_ptr<FakeDmaBufs> exporter_ = std::make_shared<FakeDmaBufs>();
  std::unique_ptr<FakeDevice> owned_ =
      std::make_unique<FakeDevice>("mdev 83b8");
  FakeDevice* const device_ = owned_.get();
  std::unique_ptr<FrameSource> source_;
};

TEST_F(CursorFrameTest, PointerIsReportedBesideThePicture) {
  const Cursor cursor = MustSee();
  EXPECT_TRUE(cursor.visible);
  EXPECT_EQ(cursor.x_px, 20);
  EXPECT_EQ(cursor.y_px, 30);
  EXPECT_FALSE(cursor.hot_spot.has_value());
  ASSERT_NE(cursor.shape, nullptr);
  EXPECT_EQ(cursor.shape->size, (Size{64, 64}));
  EXPECT_EQ(cursor.shape->bgra, std::vector<uint8_t>(64 * 64 * 4, 0xFF));
}

TEST_F(CursorFrameTest, MovingItDamagesNothingAndKeepsTheShape) {
  const Cursor before = MustSee();
  cursor_.x_pos = 21;
  const Frame frame = MustScan();
  EXPECT_TRUE(frame.damage.empty());
  EXPECT_EQ(frame.generation, 1u);
  ASSERT_TRUE(frame.cursor.has_value());
  EXPECT_EQ(frame.cursor->x_px, 21);
  EXPECT_EQ(frame.cursor->shape, before.shape);
  shape_->bytes()[5] = 1;
  const Cursor changed = MustSee();
  EXPECT_NE(changed.shape, before.shape);
  EXPECT_EQ(before.shape->bgra[5], 0xFF);
}

TEST_F(CursorFrameTest, NowhereAndBackKeepsTheShape) {
  const Cursor before = MustSee();
  const auto somewhere = std::exchange(cursor_, {});
  const Cursor nowhere = MustSee();
  EXPECT_FALSE(nowhere.visible);
  EXPECT_EQ(nowhere.shape, nullptr);
  cursor_ = somewhere;
  EXPECT_EQ(MustSee(), before);
}

TEST_F(CursorFrameTest, DriverThatReturnsThePrimaryPlaneHasNoCursorPlane) {
  cursor_ = primary_;
  EXPECT_FALSE(MustScan().cursor.has_value());
}

TEST_F(CursorFrameTest, PlaneThatIsOffHidesThePointer) {
  MustSee();
  primary_ = {};
  EXPECT_FALSE(MustSee().visible);
}

TEST_F(CursorFrameTest, FailureNeverFailsThePictureAndIsLeftAloneForAWhile) {
  MustSee();
  cursor_status_ = absl::UnimplementedError("ENOTTY");
  EXPECT_FALSE(MustScan().cursor.has_value());
  const int asked = cursor_queries_;
  EXPECT_FALSE(MustScan().cursor.has_value());
  EXPECT_EQ(cursor_queries_, asked);
  cursor_status_ = absl::OkStatus();
  now_ += std::chrono::seconds(2);
  EXPECT_TRUE(MustSee().visible);
}

TEST_F(CursorFrameTest, MomentOfFailureMovesNoPointer) {
  const Cursor before = MustSee();
  cursor_status_ = absl::UnavailableError("Cannot allocate memory");
  EXPECT_EQ(MustSee(), before);
  EXPECT_EQ(MustSee(), before);
  EXPECT_FALSE(MustScan().cursor.has_value());
}

TEST_F(CursorFrameTest, ShapeThatCannotBeReadLeavesThePlace) {
  cursor_.region_index = 40;
  Cursor cursor = MustSee();
  EXPECT_TRUE(cursor.visible);
  EXPECT_EQ(cursor.shape, nullptr);
  cursor_.region_index = 10;
  now_ += std::chrono::seconds(2);
  EXPECT_NE(MustSee().shape, nullptr);
  // Switched off under the reader.
  shape_->Truncate(0);
  cursor = MustSee();
  EXPECT_TRUE(cursor.visible);
  EXPECT_EQ(cursor.shape, nullptr);
  shape_->Truncate(kBytes);
  now_ += std::chrono::seconds(2);
  EXPECT_NE(MustSee().shape, nullptr);
}

TEST_F(CursorFrameTest, BothPlanesCanBeDmaBufs) {
  kind_ = VFIO_GFX_PLANE_TYPE_DMABUF;
  exporter_->memories = {{9, picture_}, {10, shape_}};
  Cursor cursor = MustSee();
  ASSERT_NE(cursor.shape, nullptr);
  EXPECT_EQ(cursor.shape->bgra[0], 0xFF);
  EXPECT_EQ(source_->description(), "dma-bufs (plane query) of mdev 83b8");
  // A flip to another buffer of the same shape damages what differs.
  exporter_->memories[11] = std::make_shared<FakeMemory>(kBytes);
  exporter_->memories[11]->bytes()[0] = 1;
  primary_.dmabuf_id = 11;
  const Frame frame = MustScan();
  EXPECT_EQ(frame.generation, 1u);
  EXPECT_EQ(frame.damage, Damage(Rect{0, 0, 1, 1}));
  EXPECT_FALSE(exporter_->asked_while_open);
  source_->Revoke();
  EXPECT_TRUE(exporter_->open.empty());
}

}  // namespace
}  // namespace oriel::capture
