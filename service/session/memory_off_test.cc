// A guest that switches its device's memory off and on while it is watched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdrm/drm_fourcc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "capture/device/fake_device.h"
#include "capture/display/device_frame_source.h"
#include "service/session/display_registry.h"
#include "service/session/registry_impl.h"
#include "service/session/session_context.h"
#include "service/session/test_encoders.h"
#include "service/session/test_status.h"
#include "service/session/test_viewer.h"
#include "service/session/test_wire.h"

namespace oriel::session {
namespace {

using capture::FakeMemory;
using ::testing::HasSubstr;
using Seen = TestViewer::Seen;

constexpr uint32_t kMappable =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP;
constexpr uint32_t kSidePx = 64;
constexpr size_t kBytes = size_t{kSidePx} * kSidePx * 4;

class MemoryOffTest : public ::testing::Test {
 protected:
  MemoryOffTest() {
    tuning_.unreadable_retry = std::chrono::milliseconds(1);
    tuning_.unwatched_pause = std::chrono::milliseconds(1);
    DisplayOptions options;
    options.name = "vm";
    options.max_rate_hz = 1000;
    options.open =
        [this]() -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
      ++opened_;
      return capture::OpenDeviceFrameSource(MakeDevice(), {});
    };
    registry_ = CreateRegistry(
        {}, RegistryLimits(), &wire_,
        MakeTestEncoders(std::make_shared<TestEncoderControls>()), tuning_);
    EXPECT_EQ(registry_->AddDisplay(std::move(options)), absl::OkStatus());
  }
  ~MemoryOffTest() override { registry_->Stop(); }

  std::unique_ptr<capture::Device> MakeDevice() {
    auto device = std::make_unique<capture::FakeDevice>();
    device->SetRegion(0, capture::RegionReply(0, kMappable, kBytes).bytes(),
                      memory_);
    vfio_device_gfx_plane_info plane{};
    plane.drm_format = DRM_FORMAT_XRGB8888;
    plane.width = kSidePx;
    plane.height = kSidePx;
    plane.stride = kSidePx * 4;
    plane.size = kBytes;
    device->SetRegionPlane(plane);
    return device;
  }
  void Draw(uint8_t value) {
    std::fill(memory_->bytes().begin(), memory_->bytes().end(), value);
  }
  static Picture PictureOf(uint8_t value) {
    Picture picture({kSidePx, kSidePx});
    for (int32_t y = 0; y < int32_t{kSidePx}; ++y) {
      for (int32_t x = 0; x < int32_t{kSidePx}; ++x)
        std::fill_n(picture.MutableAt(x, y), 3, value);
    }
    return picture;
  }

  const std::shared_ptr<FakeMemory> memory_ =
      std::make_shared<FakeMemory>(kBytes);
  std::atomic<int> opened_{0};
  const TestWire wire_;
  Tuning tuning_;
  std::unique_ptr<DisplayRegistry> registry_;
};

TEST_F(MemoryOffTest, StreamGoesOnWithoutAPlaneAndThePictureComesBack) {
  Draw(0x11);
  AwaitState(*registry_, "vm", DisplayState::kReady);
  const auto viewer = std::make_shared<TestViewer>();
  const auto handle = registry_->OpenViewer("vm", {}, viewer);
  ASSERT_TRUE(handle.ok()) << handle.status();
  viewer->Connect(*handle);
  viewer->AwaitPicture(PictureOf(0x11));

  for (const uint8_t value : {uint8_t{0x22}, uint8_t{0x33}}) {
    memory_->Truncate(0);
    viewer->Await([](const Seen& seen) {
      return seen.format.has_value() && !seen.format->plane.on;
    });
    AwaitState(*registry_, "vm", DisplayState::kPlaneOff);
    EXPECT_THAT(registry_->Get("vm")->state_reason,
                HasSubstr("memory is switched off (the guest resets or"));
    memory_->Truncate(kBytes);
    Draw(value);
    viewer->AwaitPicture(PictureOf(value));
    AwaitState(*registry_, "vm", DisplayState::kReady);
  }
  EXPECT_EQ(opened_, 1) << "never let go of";
  EXPECT_FALSE(viewer->seen().closed.has_value());
  EXPECT_TRUE(viewer->seen().violations.empty());
}

TEST_F(MemoryOffTest, WhatNobodyWatchesIsToldToo) {
  AwaitState(*registry_, "vm", DisplayState::kReady);
  memory_->Truncate(0);
  AwaitState(*registry_, "vm", DisplayState::kPlaneOff);
  memory_->Truncate(kBytes);
  AwaitState(*registry_, "vm", DisplayState::kReady);
}

}  // namespace
}  // namespace oriel::session
