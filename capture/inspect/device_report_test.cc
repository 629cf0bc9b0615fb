#include "capture/inspect/device_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdrm/drm_fourcc.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "capture/abi/vfio.h"
#include "capture/device/fake_device.h"

namespace oriel::capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint32_t kMappable =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP;
constexpr uint32_t kReadWrite =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;

vfio_device_gfx_plane_info Plane() {
  vfio_device_gfx_plane_info plane{};
  plane.drm_format = DRM_FORMAT_XRGB8888;
  plane.width = 640;
  plane.height = 480;
  plane.stride = 2560;
  plane.size = 2560 * 480;
  plane.region_index = 16;
  return plane;
}

// mdpy: nine regions of PCI, of which it has two, and the plane in region 16.
std::unique_ptr<FakeDevice> Mdpy() {
  auto device = std::make_unique<FakeDevice>("mdev 83b8");
  device->set_info({.flags = VFIO_DEVICE_FLAGS_PCI, .region_count = 9});
  device->SetRegion(0, RegionReply(0, kReadWrite | kMappable, 4096).bytes());
  device->SetRegion(7, RegionReply(7, kReadWrite, 256).bytes());
  device->SetRegion(16, RegionReply(16, kMappable, 2 << 20).bytes());
  device->SetRegionPlane(Plane());
  return device;
}

std::shared_ptr<FakeMemory> EdidRegisters() {
  auto memory = std::make_shared<FakeMemory>(4096);
  vfio_region_gfx_edid registers{};
  registers.edid_offset = 2048;
  registers.edid_max_size = 256;
  registers.max_xres = 1024;
  registers.max_yres = 768;
  std::memcpy(memory->bytes().data(), &registers, sizeof(registers));
  return memory;
}

std::vector<uint32_t> Indexes(const DeviceReport& report) {
  std::vector<uint32_t> indexes;
  for (const Region& region : report.regions)
    indexes.push_back(region.address.index);
  return indexes;
}

DeviceReport Inspect(Device& device) {
  auto report = InspectDevice(device);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *std::move(report) : DeviceReport();
}

TEST(DeviceReportTest, ListsTheRegionOfThePlaneBeyondTheDevicesCount) {
  const auto device = Mdpy();
  const DeviceReport report = Inspect(*device);
  EXPECT_EQ(report.description, "mdev 83b8");
  EXPECT_THAT(Indexes(report), ElementsAre(0, 7, 16));
  ASSERT_EQ(report.planes.size(), 1u);
  EXPECT_EQ(report.planes[0].kind, "primary");
  EXPECT_EQ(report.planes[0].layout->size, (Size{640, 480}));
  EXPECT_EQ(report.planes[0].layout->region_index, 16u);
  EXPECT_FALSE(report.edid.has_value());
  EXPECT_FALSE(report.has_op_region);
  EXPECT_THAT(report.problems, IsEmpty());
}

TEST(DeviceReportTest, APlaneThatIsOffSaysTheLikelyReason) {
  const auto device = Mdpy();
  device->SetRegionPlane({});
  const DeviceReport report = Inspect(*device);
  ASSERT_EQ(report.planes.size(), 1u);
  EXPECT_FALSE(report.planes[0].layout.has_value());
  EXPECT_THAT(report.planes[0].problem, HasSubstr("driver has not started"));
}

TEST(DeviceReportTest, ADeviceWithoutPlanesTellsTheRest) {
  FakeDevice device;
  device.SetRegion(0, RegionReply(0, kReadWrite, 4096).bytes());
  device.set_plane_hook([](uint32_t, uint32_t) {
    return absl::UnimplementedError("no such query");
  });
  const DeviceReport report = Inspect(device);
  EXPECT_THAT(Indexes(report), ElementsAre(0));
  ASSERT_EQ(report.planes.size(), 1u);
  EXPECT_THAT(report.planes[0].problem, HasSubstr("no plane query"));
}

TEST(DeviceReportTest, APlaneInAMissingRegionIsAProblem) {
  const auto device = Mdpy();
  vfio_device_gfx_plane_info plane = Plane();
  plane.region_index = 12;
  device->SetRegionPlane(plane);
  EXPECT_THAT(Inspect(*device).problems,
              ElementsAre(HasSubstr("names region 12")));
}

TEST(DeviceReportTest, ACursorPlaneIsListedWhereThePointerIs) {
  const auto device = Mdpy();
  device->set_plane_hook(
      [](uint32_t flags,
         uint32_t type) -> absl::StatusOr<vfio_device_gfx_plane_info> {
        vfio_device_gfx_plane_info plane = Plane();
        if ((flags & VFIO_GFX_PLANE_TYPE_DMABUF) != 0)
          return absl::InvalidArgumentError("no dma-bufs");
        if (type != 2) return plane;
        plane.drm_format = DRM_FORMAT_ARGB8888;
        plane.width = plane.height = 64;
        plane.stride = 256;
        plane.size = 256 * 64;
        plane.x_pos = 30;
        plane.y_pos = 40;
        plane.region_index = 0;
        return plane;
      });
  const DeviceReport report = Inspect(*device);
  ASSERT_EQ(report.planes.size(), 2u);
  EXPECT_EQ(report.planes[1].kind, "cursor");
  EXPECT_EQ(report.planes[1].at, (Point{30, 40}));
  EXPECT_EQ(report.planes[1].layout->size, (Size{64, 64}));
}

TEST(DeviceReportTest, TellsWhatTheEdidRegionTakes) {
  const auto device = Mdpy();
  device->set_info({.flags = VFIO_DEVICE_FLAGS_PCI, .region_count = 10});
  device->SetRegion(
      9,
      RegionReply(9, kReadWrite, 4096)
          .AddType(VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID)
          .bytes(),
      EdidRegisters());
  const DeviceReport report = Inspect(*device);
  ASSERT_TRUE(report.edid.has_value());
  EXPECT_EQ(report.edid->limits.max_width_px, 1024);
  EXPECT_EQ(report.edid->limits.max_size_bytes, 256u);
  EXPECT_TRUE(report.edid_writable.ok());
  EXPECT_THAT(device->writes(), IsEmpty());
}

TEST(DeviceReportTest, AnEdidRegionThatCannotBeWrittenSaysSo) {
  const auto device = Mdpy();
  device->set_info({.flags = VFIO_DEVICE_FLAGS_PCI, .region_count = 10});
  device->SetRegion(
      9,
      RegionReply(9, VFIO_REGION_INFO_FLAG_READ, 4096)
          .AddType(VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID)
          .bytes(),
      EdidRegisters());
  EXPECT_THAT(std::string(Inspect(*device).edid_writable.message()),
              HasSubstr("read-only"));
}

TEST(DeviceReportTest, MalformedRegionsAreProblemsAndTheRestIsTold) {
  const auto device = Mdpy();
  device->SetRegion(1, RegionReply(1, kReadWrite, 4096)
                           .AddType(1, 1)
                           .Poke32(12, 7)  // the chain begins in the header
                           .bytes());
  const DeviceReport report = Inspect(*device);
  EXPECT_THAT(Indexes(report), ElementsAre(0, 7, 16));
  EXPECT_EQ(report.problems.size(), 1u);
}

TEST(DeviceReportTest, ADeviceThatHasGoneIsUnavailable) {
  const auto device = Mdpy();
  device->set_failure(absl::UnavailableError("it has gone"));
  EXPECT_TRUE(absl::IsUnavailable(InspectDevice(*device).status()));
}

Region RegionAt(uint32_t index, std::optional<RegionType> type = {}) {
  Region region;
  region.address.index = index;
  region.type = type;
  return region;
}

TEST(RegionNameTest, IndexesHaveNamesOnPciDevicesOnly) {
  EXPECT_EQ(RegionName(RegionAt(0), VFIO_DEVICE_FLAGS_PCI), "BAR 0");
  EXPECT_EQ(RegionName(RegionAt(5), VFIO_DEVICE_FLAGS_PCI), "BAR 5");
  EXPECT_EQ(RegionName(RegionAt(7), VFIO_DEVICE_FLAGS_PCI), "config space");
  EXPECT_EQ(RegionName(RegionAt(16), VFIO_DEVICE_FLAGS_PCI), "");
  EXPECT_EQ(RegionName(RegionAt(0), VFIO_DEVICE_FLAGS_CCW), "");
}

TEST(RegionNameTest, TypesHaveNames) {
  EXPECT_EQ(RegionName(RegionAt(9, RegionType{0x80008086, 1}), 0),
            "IGD OpRegion");
  EXPECT_EQ(RegionName(RegionAt(9, RegionType{1, 1}), 0), "EDID");
  EXPECT_EQ(RegionName(RegionAt(9, RegionType{0x80001234, 1}), 0), "");
}

}  // namespace
}  // namespace oriel::capture
