#include "capture/display/plane_memory.h"

#include <libdrm/drm_fourcc.h>

#include <memory>
#include <string>

#include "capture/device/fake_device.h"
#include "capture/device/fake_dma_bufs.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kPrimary = PlaneMemory::Plane::kPrimary;
constexpr auto kCursor = PlaneMemory::Plane::kCursor;

PlaneLayout DmaBufPlane(uint32_t id, int32_t side_px = 32) {
  PlaneLayout layout;
  layout.format = {DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_LINEAR};
  layout.size = {side_px, side_px};
  layout.stride_bytes = 4096;
  layout.dma_buf_id = id;
  return layout;
}

class PlaneMemoryTest : public ::testing::Test {
 protected:
  PlaneMemoryTest() {
    for (uint32_t id = 0; id < 20; ++id) {
      exporter_->memories[id] =
          std::make_shared<FakeMemory>(size_t{256} * 1024);
      exporter_->memories[id]->bytes()[0] = static_cast<uint8_t>(id + 1);
    }
    device_.set_dma_buf_hook(
        [exporter = exporter_](uint32_t id) { return exporter->Get(id); });
  }
  ~PlaneMemoryTest() override { EXPECT_FALSE(exporter_->asked_while_open); }

  absl::StatusOr<uint8_t> FirstByte(const PlaneLayout& layout,
                                    PlaneMemory::Plane plane = kPrimary) {
    const auto memory = memory_.Get(plane, layout);
    if (!memory.ok()) return memory.status();
    uint8_t byte = 0;
    const absl::Status visited =
        (*memory)->Visit(0, 1, [&](std::span<const uint8_t> bytes) {
          EXPECT_TRUE(exporter_->reading);
          byte = bytes[0];
        });
    if (!visited.ok()) return visited;
    return byte;
  }
  void ExpectFirstByte(const PlaneLayout& layout, uint8_t expected,
                       PlaneMemory::Plane plane = kPrimary) {
    const auto byte = FirstByte(layout, plane);
    ASSERT_TRUE(byte.ok()) << byte.status();
    EXPECT_EQ(*byte, expected);
  }

  std::shared_ptr<FakeDmaBufs> exporter_ = std::make_shared<FakeDmaBufs>();
  FakeDevice device_{"mdev 83b8"};
  PlaneMemory memory_{device_};
};

TEST_F(PlaneMemoryTest, DmaBufIsReadBetweenTheExportersMarks) {
  ExpectFirstByte(DmaBufPlane(3), 4);
  EXPECT_FALSE(exporter_->reading);
  EXPECT_EQ(exporter_->reads, 1);
}

TEST_F(PlaneMemoryTest, MemoryThatWasSwitchedOffIsMappedAnew) {
  ExpectFirstByte(DmaBufPlane(3), 4);
  exporter_->memories[3]->Truncate(0);
  EXPECT_TRUE(absl::IsAborted(FirstByte(DmaBufPlane(3)).status()));
  EXPECT_TRUE(absl::IsAborted(FirstByte(DmaBufPlane(3)).status()));
  exporter_->memories[3]->Truncate(256 * 1024);
  exporter_->memories[3]->bytes()[0] = 9;
  ExpectFirstByte(DmaBufPlane(3), 9);
}

TEST_F(PlaneMemoryTest, FlippedPagesStayOpenAndAreAskedForOnce) {
  for (int flip = 0; flip < 30; ++flip) {
    const auto id = static_cast<uint32_t>(flip % 3);
    ExpectFirstByte(DmaBufPlane(id), static_cast<uint8_t>(id + 1));
  }
  EXPECT_THAT(exporter_->open, ElementsAre(0, 1, 2));
  EXPECT_EQ(exporter_->times_asked[1], 1);
}

TEST_F(PlaneMemoryTest, LeastRecentlyUsedOfManyIsClosed) {
  for (uint32_t id = 0; id < 5; ++id)
    ExpectFirstByte(DmaBufPlane(id), static_cast<uint8_t>(id + 1));
  ExpectFirstByte(DmaBufPlane(0), 1);
  ExpectFirstByte(DmaBufPlane(5), 6);
  EXPECT_THAT(exporter_->open, ElementsAre(0, 2, 3, 4, 5));
  ExpectFirstByte(DmaBufPlane(1), 2);
}

TEST_F(PlaneMemoryTest, AnotherShapeClosesThoseOfTheOldOne) {
  ExpectFirstByte(DmaBufPlane(0), 1);
  ExpectFirstByte(DmaBufPlane(1), 2);
  ExpectFirstByte(DmaBufPlane(7, 16), 8, kCursor);
  ExpectFirstByte(DmaBufPlane(2, 48), 3);
  EXPECT_THAT(exporter_->open, ElementsAre(2, 7));
}

TEST_F(PlaneMemoryTest, IdThatADriverUsesAgainIsClosedBeforeItIsAskedFor) {
  ExpectFirstByte(DmaBufPlane(4), 5);
  ExpectFirstByte(DmaBufPlane(4, 48), 5);
  ExpectFirstByte(DmaBufPlane(4, 16), 5, kCursor);
  EXPECT_EQ(exporter_->times_asked[4], 3);
  EXPECT_THAT(exporter_->open, SizeIs(1));
}

TEST_F(PlaneMemoryTest, ChangeOfModeIsWaitedForAFewTimesOnly) {
  exporter_->failures = 2;
  ExpectFirstByte(DmaBufPlane(0), 1);
  exporter_->failures = 1000;
  // Not kUnavailable: the device itself is there.
  const absl::Status error = FirstByte(DmaBufPlane(1)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(error)) << error;
  EXPECT_GT(exporter_->failures, 990);
  exporter_->failures = 0;
  ExpectFirstByte(DmaBufPlane(1), 2);
}

TEST_F(PlaneMemoryTest, WhatOnlyAGpuCanReadIsToldAndNotAskedForAgain) {
  exporter_->mappable = false;
  for (int i = 0; i < 3; ++i) {
    const absl::Status error = FirstByte(DmaBufPlane(2)).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(error)) << error;
    EXPECT_THAT(std::string(error.message()),
                AllOf(HasSubstr("needs a GPU import"), HasSubstr("fakegpu"),
                      HasSubstr("mdev 83b8")));
  }
  EXPECT_EQ(exporter_->times_asked[2], 1);
  EXPECT_THAT(exporter_->open, IsEmpty());
}

TEST_F(PlaneMemoryTest, ExporterThatFailsMakesTheVisitFail) {
  ExpectFirstByte(DmaBufPlane(2), 3);
  exporter_->sync_status = absl::FailedPreconditionError("I/O error");
  EXPECT_TRUE(absl::IsFailedPrecondition(FirstByte(DmaBufPlane(2)).status()));
}

TEST_F(PlaneMemoryTest, DropAndRevokeCloseWhatIsOpenWhoeverHoldsIt) {
  const auto held = memory_.Get(kPrimary, DmaBufPlane(0));
  ASSERT_TRUE(held.ok()) << held.status();
  ExpectFirstByte(DmaBufPlane(1), 2, kCursor);
  memory_.Drop(kPrimary);
  EXPECT_THAT(exporter_->open, ElementsAre(1));
  memory_.Revoke();
  EXPECT_THAT(exporter_->open, IsEmpty());
  EXPECT_TRUE(absl::IsUnavailable(FirstByte(DmaBufPlane(0)).status()));
  EXPECT_THAT(exporter_->open, IsEmpty());
}

TEST_F(PlaneMemoryTest, DeviceThatHandsOutNoneSaysSo) {
  device_.set_dma_buf_hook(nullptr);
  EXPECT_TRUE(absl::IsUnimplemented(FirstByte(DmaBufPlane(0)).status()));
}

}  // namespace
}  // namespace oriel::capture
