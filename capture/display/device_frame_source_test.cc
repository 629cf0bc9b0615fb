#include "capture/display/device_frame_source.h"

#include <libdrm/drm_fourcc.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "capture/device/fake_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

constexpr uint32_t kRegion = 16;  // beyond the nine that the device counts
constexpr size_t kRegionBytes = size_t{1} << 20;
constexpr uint32_t kMappable =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP;

vfio_device_gfx_plane_info PlaneOf(Size size, uint32_t stride_bytes,
                                   uint32_t fourcc = DRM_FORMAT_XRGB8888) {
  vfio_device_gfx_plane_info info{};
  info.drm_format = fourcc;
  info.width = static_cast<uint32_t>(size.width_px);
  info.height = static_cast<uint32_t>(size.height_px);
  info.stride = stride_bytes;
  info.size = kRegionBytes;
  info.region_index = kRegion;
  return info;
}

// A device with a plane of 200x150 pixels in region 16, until a test says
// otherwise.
class DeviceFrameSourceTest : public ::testing::Test {
 protected:
  DeviceFrameSourceTest() {
    AddRegion(kRegion, memory_);
    device_->SetRegionPlane(PlaneOf({200, 150}, 1024));
  }

  void AddRegion(uint32_t index, std::shared_ptr<FakeMemory> memory) {
    device_->SetRegion(index,
                       RegionReply(index, kMappable, kRegionBytes).bytes(),
                       std::move(memory));
  }
  void SetPlane(const vfio_device_gfx_plane_info& plane) {
    device_->SetRegionPlane(plane);
  }
  absl::Status Open(const std::optional<VendorFramebuffer>& vendor = {}) {
    auto source = OpenDeviceFrameSource(std::move(owned_), {vendor});
    if (source.ok()) source_ = *std::move(source);
    return source.status();
  }
  void MustOpen(const std::optional<VendorFramebuffer>& vendor = {}) {
    const absl::Status status = Open(vendor);
    ASSERT_TRUE(status.ok()) << status;
  }
  Frame MustScan() {
    absl::StatusOr<Frame> frame = source_->Scan(Time{});
    EXPECT_TRUE(frame.ok()) << frame.status();
    return frame.ok() ? *std::move(frame) : Frame{};
  }
  absl::Status ScanError() { return source_->Scan(Time{}).status(); }

  void Randomize(std::mt19937& random, size_t begin, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      memory_->bytes()[begin + i] = static_cast<uint8_t>(random());
    }
  }
  // What XR24 at `offset` must look like.
  Picture Expected(Size size, size_t stride_bytes, size_t offset = 0) {
    Picture picture(size);
    for (int32_t y = 0; y < size.height_px; ++y) {
      for (int32_t x = 0; x < size.width_px; ++x) {
        std::memcpy(picture.MutableAt(x, y),
                    memory_->bytes().data() + offset + y * stride_bytes + x * 4,
                    3);
      }
    }
    return picture;
  }

  std::shared_ptr<FakeMemory> memory_ =
      std::make_shared<FakeMemory>(kRegionBytes);
  std::unique_ptr<FakeDevice> owned_ =
      std::make_unique<FakeDevice>("mdev 83b8");
  FakeDevice* const device_ = owned_.get();
  std::unique_ptr<FrameSource> source_;
};

TEST_F(DeviceFrameSourceTest, FirstFrameIsWholeAndSaysWhatThePlaneIs) {
  std::mt19937 random(1);
  Randomize(random, 0, kRegionBytes);
  MustOpen();
  const Time now = Time{} + std::chrono::seconds(5);
  const absl::StatusOr<Frame> frame = source_->Scan(now);
  ASSERT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(frame->generation, 1u);
  EXPECT_EQ(
      frame->plane,
      (PlaneState{true, {200, 150}, {DRM_FORMAT_XRGB8888, 0}, 1024, false}));
  EXPECT_EQ(frame->picture.ToPicture(), Expected({200, 150}, 1024));
  EXPECT_EQ(frame->damage, Damage(Rect{0, 0, 200, 150}));
  EXPECT_EQ(frame->time, now);
}

TEST_F(DeviceFrameSourceTest, LaterFramesDamageWhatChangedAndShareTheRest) {
  MustOpen();
  const Frame before = MustScan();
  for (size_t y = 40; y < 45; ++y) {
    std::memset(memory_->bytes().data() + y * 1024 + 60 * 4, 0x77, 20 * 4);
  }
  const Frame after = MustScan();
  EXPECT_EQ(after.generation, 1u);
  EXPECT_EQ(after.damage, Damage(Rect{60, 40, 20, 5}));
  EXPECT_TRUE(after.picture.SharesBand(0, before.picture));
  EXPECT_FALSE(after.picture.SharesBand(1, before.picture));
  const Frame still = MustScan();
  EXPECT_TRUE(still.damage.empty());
  EXPECT_TRUE(still.picture.SharesBand(1, after.picture));
}

TEST_F(DeviceFrameSourceTest, FollowingTheDamageKeepsAViewerExact) {
  MustOpen();
  std::mt19937 random(2);
  BandedPicture viewer = MustScan().picture;
  for (int step = 0; step < 100; ++step) {
    for (int n = random() % 6; n > 0; --n) {
      Randomize(random, random() % (149 * 1024), 1 + random() % 900);
    }
    const Frame frame = MustScan();
    for (const Rect& rect : frame.damage.Rects()) {
      viewer.CopyFrom(frame.picture, rect);
    }
    ASSERT_EQ(viewer.ToPicture(), Expected({200, 150}, 1024)) << step;
  }
}

TEST_F(DeviceFrameSourceTest, EveryChangeOfThePlaneIsANewWholeGeneration) {
  std::mt19937 random(3);
  Randomize(random, 0, kRegionBytes);
  auto other = std::make_shared<FakeMemory>(kRegionBytes);
  AddRegion(17, other);
  MustOpen();
  MustScan();
  vfio_device_gfx_plane_info elsewhere = PlaneOf({200, 150}, 800);
  elsewhere.region_index = 17;
  uint32_t generation = 1;
  for (const auto& plane : {PlaneOf({200, 150}, 800), PlaneOf({300, 200}, 1200),
                            PlaneOf({300, 200}, 1200, DRM_FORMAT_XBGR8888),
                            PlaneOf({200, 150}, 800), elsewhere}) {
    SetPlane(plane);
    const Frame frame = MustScan();
    EXPECT_EQ(frame.generation, ++generation);
    EXPECT_EQ(frame.damage, Damage(Rect::Of(frame.plane.size)));
    EXPECT_EQ(frame.plane.stride_bytes, plane.stride);
    EXPECT_EQ(frame.plane.format.fourcc, plane.drm_format);
    if (plane.region_index == 17) {
      EXPECT_EQ(frame.picture.ToPicture(), Picture(Size{200, 150}));
    } else if (plane.drm_format == DRM_FORMAT_XRGB8888) {
      EXPECT_EQ(frame.picture.ToPicture(),
                Expected(frame.plane.size, plane.stride));
    }
    EXPECT_TRUE(MustScan().damage.empty());
  }
}

TEST_F(DeviceFrameSourceTest, PlaneThatIsOffHasNoPictureAndCanComeBack) {
  SetPlane({});
  MustOpen();
  Frame frame = MustScan();
  EXPECT_EQ(frame.generation, 1u);
  EXPECT_EQ(frame.plane, PlaneState{});
  EXPECT_TRUE(frame.picture.empty());
  EXPECT_TRUE(frame.damage.empty());
  EXPECT_EQ(MustScan().generation, 1u);
  SetPlane(PlaneOf({200, 150}, 1024));
  frame = MustScan();
  EXPECT_EQ(frame.generation, 2u);
  EXPECT_EQ(frame.damage, Damage(Rect{0, 0, 200, 150}));
  SetPlane({});
  EXPECT_EQ(MustScan().generation, 3u);
}

TEST_F(DeviceFrameSourceTest, OnlyAScanCanTellWhatAnotherStateIs) {
  SetPlane({});
  MustOpen();
  EXPECT_FALSE(source_->IsAsScanned(Time{}));
  MustScan();
  EXPECT_TRUE(source_->IsAsScanned(Time{}));
  for (const auto& plane :
       {PlaneOf({200, 150}, 1024), PlaneOf({200, 151}, 1024),
        PlaneOf({200, 151}, 1028),
        PlaneOf({200, 151}, 1028, DRM_FORMAT_XBGR8888),
        vfio_device_gfx_plane_info{}}) {
    SetPlane(plane);
    EXPECT_FALSE(source_->IsAsScanned(Time{}));
    MustScan();
    EXPECT_TRUE(source_->IsAsScanned(Time{}));
  }
}

TEST_F(DeviceFrameSourceTest, AGuestThatFlipsInTheRegionHasTheSameState) {
  AddRegion(17, std::make_shared<FakeMemory>(kRegionBytes));
  MustOpen();
  MustScan();
  vfio_device_gfx_plane_info flipped = PlaneOf({200, 150}, 1024);
  flipped.region_index = 17;
  SetPlane(flipped);
  EXPECT_TRUE(source_->IsAsScanned(Time{}));
  EXPECT_EQ(MustScan().generation, 2u);
}

TEST_F(DeviceFrameSourceTest, MemoryThatIsOffIsNotAsScannedAndNorIsItsReturn) {
  MustOpen();
  MustScan();
  memory_->Truncate(0);
  EXPECT_FALSE(source_->IsAsScanned(Time{}));
  EXPECT_FALSE(ScanError().ok());
  memory_->Truncate(kRegionBytes);
  EXPECT_FALSE(source_->IsAsScanned(Time{}));
  MustScan();
  EXPECT_TRUE(source_->IsAsScanned(Time{}));
}

TEST_F(DeviceFrameSourceTest, TenBitPlaneIsCalledConverted) {
  SetPlane(PlaneOf({200, 150}, 800, DRM_FORMAT_XBGR2101010));
  MustOpen();
  EXPECT_TRUE(MustScan().plane.converted);
}

TEST_F(DeviceFrameSourceTest, PlaneThatCannotBeShownIsAnErrorUntilItChanges) {
  MustOpen();
  MustScan();
  SetPlane(PlaneOf({1024, 1024}, 4096 + 4));
  absl::Status error = ScanError();
  EXPECT_TRUE(absl::IsInvalidArgument(error)) << error;
  SetPlane(PlaneOf({200, 150}, 1024, DRM_FORMAT_NV12));
  error = ScanError();
  EXPECT_TRUE(absl::IsUnimplemented(error)) << error;
  memory_->bytes()[0] = 0x55;
  SetPlane(PlaneOf({200, 150}, 1024));
  const Frame frame = MustScan();
  EXPECT_EQ(frame.generation, 1u);
  EXPECT_EQ(frame.damage, Damage(Rect{0, 0, 1, 1}));
}

TEST_F(DeviceFrameSourceTest, RowsBeyondTheRegionAreNamedInBytes) {
  vfio_device_gfx_plane_info plane = PlaneOf({1024, 512}, 4096);
  plane.size = 0xFFFFFFFF;
  plane.height = 513;
  SetPlane(plane);
  MustOpen();
  EXPECT_THAT(std::string(ScanError().message()),
              HasSubstr("rows end at byte 2101248 of region 16, which has "
                        "1048576 bytes"));
}

TEST_F(DeviceFrameSourceTest, PlaneInARegionThatDoesNotExistIsAnError) {
  vfio_device_gfx_plane_info plane = PlaneOf({200, 150}, 1024);
  plane.region_index = 40;
  SetPlane(plane);
  MustOpen();
  EXPECT_FALSE(ScanError().ok());
}

TEST_F(DeviceFrameSourceTest, MemoryThatWasSwitchedOffMakesAllOfTheNextNew) {
  std::mt19937 random(4);
  Randomize(random, 0, kRegionBytes);
  MustOpen();
  const Frame before = MustScan();
  const Picture expected = Expected({200, 150}, 1024);
  memory_->Truncate(64 * 1024);
  const absl::Status error = ScanError();
  EXPECT_TRUE(absl::IsAborted(error)) << error;
  EXPECT_THAT(std::string(error.message()),
              HasSubstr("the guest resets or sleeps"));
  EXPECT_EQ(ScanError(), error) << "the same words while it lasts";
  EXPECT_EQ(before.picture.ToPicture(), expected);
  memory_->Truncate(kRegionBytes);
  Randomize(random, 0, kRegionBytes);
  const Frame after = MustScan();
  EXPECT_EQ(after.generation, 2u);
  EXPECT_EQ(after.damage, Damage(Rect{0, 0, 200, 150}));
  EXPECT_EQ(after.picture.ToPicture(), Expected({200, 150}, 1024));
}

TEST_F(DeviceFrameSourceTest, DeviceThatHasGoneIsUnavailable) {
  MustOpen();
  MustScan();
  device_->set_failure(absl::UnavailableError("the peer has gone"));
  EXPECT_TRUE(absl::IsUnavailable(ScanError()));
}

TEST_F(DeviceFrameSourceTest, RevokedSourceIsUnavailableForEver) {
  MustOpen();
  MustScan();
  source_->Revoke();
  EXPECT_TRUE(absl::IsUnavailable(ScanError()));
  EXPECT_TRUE(absl::IsUnavailable(ScanError()));
}

TEST_F(DeviceFrameSourceTest, RevokeAndDescriptionWorkBesideARunningScan) {
  MustOpen();
  std::thread capture([this] {
    while (source_->Scan(Time{}).ok()) {
    }
  });
  for (int i = 0; i < 50; ++i)
    EXPECT_THAT(source_->description(), HasSubstr("83b8"));
  source_->Revoke();
  capture.join();
}

TEST_F(DeviceFrameSourceTest, DriversThatFailForAMomentAreAskedAgain) {
  MustOpen();
  int failures = 0;
  const auto fail_then_answer = [&failures](uint32_t, uint32_t) {
    return failures-- > 0
               ? absl::StatusOr<vfio_device_gfx_plane_info>(
                     absl::UnavailableError("Cannot allocate memory"))
               : PlaneOf({200, 150}, 1024);
  };
  device_->set_plane_hook(fail_then_answer);
  failures = 2;
  MustScan();
  failures = 1000;
  EXPECT_TRUE(absl::IsUnavailable(ScanError()));
  EXPECT_GT(failures, 990);
}

absl::StatusOr<vfio_device_gfx_plane_info> DmaBufsOnly(uint32_t flags,
                                                       uint32_t) {
  if (flags == (VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_DMABUF))
    return vfio_device_gfx_plane_info{};
  return absl::InvalidArgumentError("EINVAL");
}

TEST_F(DeviceFrameSourceTest, DmaBufsThatAreNotAllowedAreToldWithTheWayOut) {
  device_->set_plane_hook(DmaBufsOnly);
  auto source =
      OpenDeviceFrameSource(std::move(owned_), {.dma_bufs_allowed = false});
  ASSERT_TRUE(source.ok()) << source.status();
  const absl::Status error = (*source)->Scan(Time{}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(error)) << error;
  EXPECT_THAT(std::string(error.message()), HasSubstr("display=off"));
}

TEST_F(DeviceFrameSourceTest, DeviceWithoutPlaneQueryStaysToBeAsked) {
  device_->set_plane_hook(nullptr);
  MustOpen();
  const absl::Status error = ScanError();
  EXPECT_TRUE(absl::IsFailedPrecondition(error)) << error;
  EXPECT_THAT(std::string(error.message()), HasSubstr("no plane query"));
  EXPECT_THAT(std::string(error.message()), HasSubstr("framebuffer {"));
  ASSERT_NE(source_->device(), nullptr);
  EXPECT_TRUE(source_->device()->GetInfo().ok());
}

TEST_F(DeviceFrameSourceTest, PlaneThatADriverLearnsOfLaterIsShown) {
  device_->set_plane_hook([](uint32_t, uint32_t) {
    return absl::StatusOr<vfio_device_gfx_plane_info>(
        absl::InvalidArgumentError("EINVAL"));
  });
  MustOpen();
  EXPECT_TRUE(absl::IsFailedPrecondition(ScanError()));
  SetPlane(PlaneOf({200, 150}, 1024));
  EXPECT_EQ(MustScan().generation, 1u);
}

TEST_F(DeviceFrameSourceTest, UnavailableDeviceIsNotTakenForOneWithoutPlanes) {
  device_->set_failure(absl::UnavailableError("busy"));
  EXPECT_TRUE(absl::IsUnavailable(Open()));
}

// Answers one query of the primary plane after the other; the last for ever.
FakeDevice::PlaneHook Answers(std::vector<vfio_device_gfx_plane_info> planes) {
  return [planes, next = size_t{0}](uint32_t, uint32_t plane_type) mutable
         -> absl::StatusOr<vfio_device_gfx_plane_info> {
    if (plane_type != 1) return absl::InvalidArgumentError("no cursor plane");
    return planes[std::min(next++, planes.size() - 1)];
  };
}

TEST_F(DeviceFrameSourceTest, ModeThatChangesDuringAScanIsNeverShownTorn) {
  std::mt19937 random(6);
  Randomize(random, 0, kRegionBytes);
  MustOpen();
  MustScan();
  const auto before = PlaneOf({200, 150}, 1024);
  const auto after = PlaneOf({300, 200}, 1200);
  device_->set_plane_hook(Answers({before, after, after}));
  Frame frame = MustScan();
  EXPECT_EQ(frame.plane.size, (Size{300, 200}));
  EXPECT_EQ(frame.damage, Damage(Rect{0, 0, 300, 200}));
  EXPECT_EQ(frame.picture.ToPicture(), Expected({300, 200}, 1200));
  // There and back: the picture that was thrown away is no base.
  const uint32_t generation = frame.generation;
  device_->set_plane_hook(Answers({after, before, after, after}));
  Randomize(random, 0, 4096);
  frame = MustScan();
  EXPECT_GT(frame.generation, generation);
  EXPECT_EQ(frame.damage, Damage(Rect{0, 0, 300, 200}));
  EXPECT_EQ(frame.picture.ToPicture(), Expected({300, 200}, 1200));
}

TEST_F(DeviceFrameSourceTest, PlaneThatGoesOffDuringAScanIsOff) {
  MustOpen();
  device_->set_plane_hook(Answers({PlaneOf({200, 150}, 1024), {}}));
  EXPECT_FALSE(MustScan().plane.on);
}

TEST_F(DeviceFrameSourceTest, PlaneThatNeverRestsIsAnErrorAndThenNew) {
  MustOpen();
  MustScan();
  std::vector<vfio_device_gfx_plane_info> planes;
  for (uint32_t stride = 1024; stride < 1032; ++stride)
    planes.push_back(PlaneOf({200, 150}, stride));
  device_->set_plane_hook(Answers(planes));
  const absl::Status error = ScanError();
  EXPECT_EQ(error.code(), absl::StatusCode::kAborted) << error;
  SetPlane(PlaneOf({200, 150}, 1024));
  const Frame frame = MustScan();
  EXPECT_EQ(frame.damage, Damage(Rect{0, 0, 200, 150}));
}

TEST_F(DeviceFrameSourceTest, DescriptionNamesTheRegionAndHowItWasFound) {
  MustOpen();
  EXPECT_EQ(source_->description(), "region 16 (plane query) of mdev 83b8");
}

TEST_F(DeviceFrameSourceTest, DescriptionNamesNoRegionBeforeThePlaneIsOn) {
  SetPlane({});
  MustOpen();
  EXPECT_EQ(source_->description(), "plane query of mdev 83b8");
  SetPlane(PlaneOf({200, 150}, 1024));
  MustScan();
  EXPECT_EQ(source_->description(), "region 16 (plane query) of mdev 83b8");
}

constexpr RegionType kVendorType = {0x80001d1d, 1};

// A framebuffer with a header in front, in the vendor's region 8.
class VendorFrameSourceTest : public DeviceFrameSourceTest {
 protected:
  VendorFrameSourceTest() {
    SetVendorRegion(kMappable);
    device_->set_plane_hook(nullptr);
  }
  void SetVendorRegion(uint32_t flags) {
    device_->SetRegion(8,
                       RegionReply(8, flags, kRegionBytes)
                           .AddType(kVendorType.type, kVendorType.subtype)
                           .bytes(),
                       memory_);
  }

  VendorFramebuffer vendor_ = {
      kVendorType, 3232, 1000, {DRM_FORMAT_XRGB8888, 0}, {250, 99}};
};

TEST_F(VendorFrameSourceTest, FramebufferIsFoundByTypeAndShown) {
  std::mt19937 random(5);
  Randomize(random, 0, kRegionBytes);
  MustOpen(vendor_);
  EXPECT_EQ(source_->description(),
            "region 8 (type 0x80001d1d, subtype 1) of mdev 83b8");
  Frame frame = MustScan();
  EXPECT_EQ(frame.picture.ToPicture(), Expected({250, 99}, 1000, 3232));
  memory_->bytes()[3232 + 98 * 1000 + 249 * 4] ^= 1;
  frame = MustScan();
  EXPECT_EQ(frame.damage, Damage(Rect{249, 98, 1, 1}));
}

TEST_F(VendorFrameSourceTest, ConfigurationThatDoesNotFitIsRefusedWhenOpened) {
  vendor_.offset_bytes = kRegionBytes - 1000;
  const absl::Status error = Open(vendor_);
  EXPECT_TRUE(absl::IsInvalidArgument(error)) << error;
  EXPECT_THAT(std::string(error.message()), HasSubstr("which has 1048576"));
}

TEST_F(VendorFrameSourceTest, UnknownTypeIsNotFound) {
  vendor_.region_type.subtype = 2;
  EXPECT_TRUE(absl::IsNotFound(Open(vendor_)));
}

TEST_F(VendorFrameSourceTest, FormatThatCannotBeReadIsRefusedWhenOpened) {
  vendor_.format.fourcc = DRM_FORMAT_C8;
  EXPECT_TRUE(absl::IsUnimplemented(Open(vendor_)));
}

TEST_F(VendorFrameSourceTest, RegionThatCannotBeMappedIsAnErrorOfTheScan) {
  SetVendorRegion(VFIO_REGION_INFO_FLAG_READ);
  MustOpen(vendor_);
  EXPECT_TRUE(absl::IsFailedPrecondition(ScanError()));
}

}  // namespace
}  // namespace oriel::capture
