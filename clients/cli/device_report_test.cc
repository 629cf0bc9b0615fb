#include "clients/cli/device_report.h"

#include <linux/vfio.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;

v1::DeviceRegion& AddRegion(v1::GetDeviceResponse& device, uint32_t index,
                            uint64_t size_bytes, const std::string& name) {
  v1::DeviceRegion& region = *device.add_regions();
  region.set_index(index);
  region.set_size_bytes(size_bytes);
  region.set_name(name);
  region.set_readable(true);
  return region;
}

void AddArea(v1::DeviceRegion& region, uint64_t offset_bytes,
             uint64_t size_bytes) {
  region.add_mappable_areas()->set_offset_bytes(offset_bytes);
  region.mutable_mappable_areas()->rbegin()->set_size_bytes(size_bytes);
}

void AddRegions(v1::GetDeviceResponse& device) {
  v1::DeviceRegion& bar = AddRegion(device, 0, 16 << 20, "BAR 0");
  bar.set_writable(true);
  AddArea(bar, 0, 16 << 20);
  device.add_regions()->set_index(1);
  v1::DeviceRegion& aperture = AddRegion(device, 2, 256 << 20, "BAR 2");
  aperture.set_writable(true);
  AddArea(aperture, 0, 64 << 20);
  AddArea(aperture, 128 << 20, 64 << 20);
  aperture.add_capabilities(VFIO_REGION_INFO_CAP_SPARSE_MMAP);
  aperture.add_capabilities(77);
  device.add_regions()->set_index(3);
  v1::DeviceRegion& op_region = AddRegion(device, 9, 8192, "VBT and OpRegion");
  op_region.set_type(0x80008086);
  op_region.set_subtype(1);
  op_region.add_capabilities(VFIO_REGION_INFO_CAP_TYPE);
  v1::DeviceRegion& unknown = AddRegion(device, 10, 4100, "");
  unknown.set_readable(false);
  unknown.set_type(5);
  unknown.set_subtype(2);
  unknown.add_capabilities(VFIO_REGION_INFO_CAP_TYPE);
}

v1::GetDeviceResponse Device() {
  v1::GetDeviceResponse device;
  device.set_description("mdev 83b8");
  device.set_flags(VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET);
  AddRegions(device);
  v1::DevicePlane& primary = *device.add_planes();
  primary.set_kind("primary");
  primary.set_place("region 16");
  primary.set_width_px(1920);
  primary.set_height_px(1080);
  primary.set_stride_bytes(7680);
  primary.set_fourcc("XR24");
  v1::DevicePlane& cursor = *device.add_planes();
  cursor.set_kind("cursor");
  cursor.set_problem("the driver\nhas none");
  device.set_read_bytes_per_second(85'000'000);
  device.mutable_edid()->set_max_size_bytes(256);
  device.mutable_edid()->set_writable(true);
  device.set_has_op_region(true);
  return device;
}

TEST(DeviceReportTest, RowsTellOfTheDeviceAsAWhole) {
  EXPECT_EQ(FormatTable(DeviceRows(Device())),
            "flags:       PCI, reset\n"
            "read speed:  85.0 MB/s, so the memory is uncached\n"
            "EDID:        256 bytes, writable\n"
            "OpRegion:    yes\n");
  EXPECT_EQ(FormatTable(DeviceRows({})),
            "flags:       -\n"
            "read speed:  not measured: nothing is mapped yet\n"
            "EDID:        the device has no region for it\n"
            "OpRegion:    no\n");
}

TEST(DeviceReportTest, OnlySlowMemoryIsCalledUncached) {
  v1::GetDeviceResponse device;
  device.set_read_bytes_per_second(499'000'000);
  EXPECT_THAT(DeviceRows(device)[1][1], HasSubstr("uncached"));
  device.set_read_bytes_per_second(8'500'000'000);
  EXPECT_EQ(DeviceRows(device)[1][1], "8.5 GB/s");
}

TEST(DeviceReportTest, UnknownFlagsAreNumbers) {
  v1::GetDeviceResponse device;
  device.set_flags(VFIO_DEVICE_FLAGS_PCI | 1 << 20);
  EXPECT_EQ(DeviceRows(device)[0][1], "PCI, 0x100000");
}

TEST(DeviceReportTest, RegionsAndPlanesAreAligned) {
  EXPECT_EQ(
      DeviceTables(Device(), false),
      "\n"
      "REGION  SIZE     ACCESS            NAME                             "
      "          CAPABILITIES\n"
      "0       16 MiB   r w mmap          BAR 0                            "
      "          -\n"
      "2       256 MiB  r w mmap 128 MiB  BAR 2                            "
      "          sparse-mmap, 77\n"
      "9       8 KiB    r                 VBT and OpRegion (vendor 8086, "
      "subtype 1)  type\n"
      "10      4.0 KiB  -                 type 5, subtype 2                "
      "          type\n"
      "2 other regions without content\n"
      "\n"
      "PLANE    SIZE       FORMAT  STRIDE  AT   PLACE\n"
      "primary  1920x1080  XR24    7680    0,0  region 16\n"
      "cursor   off        -       -       -    -\n"
      "    the driver?has none\n");
}

TEST(DeviceReportTest, ADeviceOfNothingIsToldInWords) {
  EXPECT_EQ(DeviceTables({}, false), "\nNo regions.\n\nNo planes.\n");
  v1::GetDeviceResponse device;
  device.add_regions();
  EXPECT_EQ(DeviceTables(device, false),
            "\n1 region without content\n\nNo planes.\n");
}

TEST(DeviceReportTest, ProblemsStandAtTheEnd) {
  v1::GetDeviceResponse device = Device();
  device.add_problems("region 4: its chain\x1b[2J loops");
  EXPECT_THAT(
      DeviceTables(device, false),
      ::testing::EndsWith("\nProblems:\n  region 4: its chain?[2J loops\n"));
}

TEST(DeviceReportTest, AModifierThatIsNotLinearIsTold) {
  v1::GetDeviceResponse device = Device();
  device.mutable_planes(0)->set_modifier(0x100000000000001);
  EXPECT_THAT(DeviceTables(device, false),
              HasSubstr("XR24 modifier 0x100000000000001"));
}

TEST(DeviceReportTest, NothingSteersTheTerminal) {
  v1::GetDeviceResponse device = Device();
  const std::string evil = "a\x1b[2J\nb";
  device.mutable_regions(0)->set_name(evil);
  device.mutable_regions(4)->set_name(evil);
  for (v1::DevicePlane& plane : *device.mutable_planes()) {
    plane.set_kind(evil);
    plane.set_place(evil);
    plane.set_problem(evil);
    plane.set_fourcc(evil);
  }
  device.mutable_edid()->set_writable(false);
  device.mutable_edid()->set_write_refusal(evil);
  for (const std::string& text :
       {DeviceTables(device, false), FormatTable(DeviceRows(device))}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\nb"), std::string::npos);
  }
}

TEST(DeviceReportTest, JsonHasEveryFieldUnderItsProtoName) {
  const auto expect_fields = [](const nlohmann::json& object,
                                const google::protobuf::Descriptor* type) {
    EXPECT_EQ(object.size(), static_cast<size_t>(type->field_count()));
    for (int i = 0; i < type->field_count(); ++i) {
      EXPECT_TRUE(object.contains(type->field(i)->name()))
          << type->field(i)->name();
    }
  };
  const nlohmann::json json = DeviceJson(Device());
  expect_fields(json, v1::GetDeviceResponse::descriptor());
  expect_fields(json["regions"][0], v1::DeviceRegion::descriptor());
  expect_fields(json["regions"][0]["mappable_areas"][0],
                v1::MappableArea::descriptor());
  expect_fields(json["planes"][0], v1::DevicePlane::descriptor());
  expect_fields(json["edid"], v1::EdidLimits::descriptor());
  EXPECT_EQ(json["regions"].size(), 6u);
  EXPECT_EQ(json["regions"][2]["capabilities"], nlohmann::json({1, 77}));
  EXPECT_TRUE(DeviceJson({})["edid"].is_null());
}

}  // namespace
}  // namespace oriel::clients
