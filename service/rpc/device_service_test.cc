#include "service/rpc/device_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdrm/drm_fourcc.h>
#include <linux/vfio.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "capture/device/fake_device.h"
#include "capture/edid/edid.h"
#include "capture/edid/edid_info.h"
#include "capture/igd/op_region.h"
#include "service/rpc/server_fixture.h"

namespace oriel::rpc {
namespace {

using testing::HasSubstr;

constexpr uint32_t kEdidIndex = 9;
constexpr uint32_t kReadWrite =
    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;

// mdpy with mbochs' EDID region; takes what is written as mbochs does.
class Vgpu : public capture::FakeDevice {
 public:
  Vgpu() : FakeDevice("mdev 83b8") {
    set_info({.flags = VFIO_DEVICE_FLAGS_PCI, .region_count = 10});
    SetRegion(kEdidIndex,
              capture::RegionReply(kEdidIndex, kReadWrite, 4096)
                  .AddType(VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID)
                  .bytes(),
              edid);
    vfio_region_gfx_edid registers{};
    registers.edid_offset = 2048;
    registers.edid_max_size = 1024;
    registers.max_xres = 1920;
    registers.max_yres = 1080;
    std::memcpy(edid->bytes().data(), &registers, sizeof(registers));
    vfio_device_gfx_plane_info plane{};
    plane.drm_format = DRM_FORMAT_XRGB8888;
    plane.width = 640;
    plane.height = 480;
    plane.stride = 2560;
    plane.size = 2560 * 480;
    plane.region_index = 16;
    SetRegionPlane(plane);
    SetRegion(16,
              capture::RegionReply(
                  16, VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP,
                  2 << 20)
                  .bytes());
  }

  bool writes_allowed = true;
  capture::RegionWriter* AsEdidWriter() override {
    return writes_allowed ? this : nullptr;
  }

  const std::shared_ptr<capture::FakeMemory> edid =
      std::make_shared<capture::FakeMemory>(4096);
};

class DeviceServiceTest : public ServerFixture {
 protected:
  DeviceServiceTest() { registry_.SetDevice(&device_); }

  template <typename Request, typename Response>
  using Method = grpc::Status (v1::DeviceService::Stub::*)(grpc::ClientContext*,
                                                           const Request&,
                                                           Response*);

  template <typename Request, typename Response>
  grpc::Status Call(Method<Request, Response> method, const Request& request,
                    Response* response) {
    grpc::ClientContext context;
    return (devices_.get()->*method)(&context, request, response);
  }

  grpc::Status SetMode(uint32_t width_px, uint32_t height_px,
                       v1::SetEdidResponse* response,
                       const std::string& name = "") {
    v1::SetEdidRequest request;
    request.set_display("vm");
    request.mutable_mode()->set_width_px(width_px);
    request.mutable_mode()->set_height_px(height_px);
    request.set_monitor_name(name);
    return Call(&v1::DeviceService::Stub::SetEdid, request, response);
  }
  grpc::Status Get(v1::GetEdidResponse* response) {
    v1::GetEdidRequest request;
    request.set_display("vm");
    return Call(&v1::DeviceService::Stub::GetEdid, request, response);
  }

  Vgpu device_;
};

TEST_F(DeviceServiceTest, ListsWhatTheListerTells) {
  list_devices_ = [] {
    v1::ListDevicesResponse response;
    response.add_devices()->set_name("83b8");
    return response;
  };
  v1::ListDevicesResponse response;
  ASSERT_TRUE(Call(&v1::DeviceService::Stub::ListDevices,
                   v1::ListDevicesRequest(), &response)
                  .ok());
  ASSERT_EQ(response.devices_size(), 1);
  EXPECT_EQ(response.devices(0).name(), "83b8");
}

TEST_F(DeviceServiceTest, TellsRegionsPlanesLimitsAndSpeed) {
  session::DisplayStatus status;
  status.name = "vm";
  status.read_bytes_per_second = 9'000'000'000;
  registry_.SetDisplay(status);
  v1::GetDeviceRequest request;
  request.set_display("vm");
  v1::GetDeviceResponse device;
  ASSERT_TRUE(Call(&v1::DeviceService::Stub::GetDevice, request, &device).ok());
  EXPECT_EQ(device.description(), "mdev 83b8");
  ASSERT_EQ(device.regions_size(), 2);
  EXPECT_EQ(device.regions(0).name(), "EDID");
  EXPECT_EQ(device.regions(0).type(), 1u);
  EXPECT_TRUE(device.regions(0).writable());
  EXPECT_EQ(device.regions(1).index(), 16u);
  EXPECT_EQ(device.regions(1).mappable_areas(0).size_bytes(), 2u << 20);
  ASSERT_EQ(device.planes_size(), 1);
  EXPECT_EQ(device.planes(0).place(), "region 16");
  EXPECT_EQ(device.planes(0).fourcc(), "XR24");
  EXPECT_EQ(device.read_bytes_per_second(), 9'000'000'000u);
  EXPECT_EQ(device.edid().max_width_px(), 1920u);
  EXPECT_TRUE(device.edid().writable());
  EXPECT_FALSE(device.has_op_region());
}

TEST_F(DeviceServiceTest, AModeThatIsSetIsTheMonitorFromThenOn) {
  v1::SetEdidResponse set;
  const grpc::Status status = SetMode(1600, 900, &set, "Wall");
  ASSERT_TRUE(status.ok()) << status.error_message();
  v1::GetEdidResponse got;
  ASSERT_TRUE(Get(&got).ok());
  EXPECT_EQ(got.link(), v1::MONITOR_LINK_UP);
  EXPECT_EQ(got.edid(), set.edid());
  EXPECT_THAT(got.edid(), HasSubstr("Wall"));
  const std::vector<uint8_t> blob(got.edid().begin(), got.edid().end());
  const auto info = capture::edid::ParseEdid(blob);
  ASSERT_TRUE(info.ok() && info->preferred) << info.status();
  EXPECT_EQ(info->preferred->mode().width_px, 1600);
  EXPECT_EQ(info->preferred->mode().height_px, 900);
}

TEST_F(DeviceServiceTest, BytesThatAreSetAreWrittenAsTheyAre) {
  const auto blob = capture::edid::BuildEdid({.preferred = {1024, 768}});
  ASSERT_TRUE(blob.ok());
  v1::SetEdidRequest request;
  request.set_display("vm");
  request.set_edid(std::string(blob->begin(), blob->end()));
  v1::SetEdidResponse response;
  ASSERT_TRUE(Call(&v1::DeviceService::Stub::SetEdid, request, &response).ok());
  EXPECT_EQ(std::memcmp(device_.edid->bytes().data() + 2048, blob->data(),
                        blob->size()),
            0);
}

TEST_F(DeviceServiceTest, AnEdidThatNobodyHasSetIsUnknown) {
  v1::GetEdidResponse response;
  ASSERT_TRUE(Get(&response).ok());
  EXPECT_EQ(response.link(), v1::MONITOR_LINK_UNKNOWN);
  EXPECT_EQ(response.limits().max_size_bytes(), 1024u);
}

TEST_F(DeviceServiceTest, WhatTheDeviceCannotShowIsRefusedWithItsLimit) {
  v1::SetEdidResponse response;
  const grpc::Status status = SetMode(2560, 1440, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("1920 by 1080"));
  EXPECT_TRUE(device_.writes().empty());
}

TEST_F(DeviceServiceTest, SenselessRequestsNeverReachTheDevice) {
  v1::SetEdidResponse response;
  EXPECT_THAT(SetMode(0, 900, &response).error_message(),
              HasSubstr("each side is 1 to 65535"));
  EXPECT_THAT(SetMode(640, 1u << 31, &response).error_message(),
              HasSubstr("each side is 1 to 65535"));
  EXPECT_THAT(SetMode(640, 480, &response, "line\nbreak").error_message(),
              HasSubstr("printable"));
  v1::SetEdidRequest nothing;
  nothing.set_display("vm");
  EXPECT_THAT(Call(&v1::DeviceService::Stub::SetEdid, nothing, &response)
                  .error_message(),
              HasSubstr("neither"));
  v1::SetEdidRequest broken = nothing;
  broken.set_edid(std::string(128, 'x'));
  EXPECT_EQ(
      Call(&v1::DeviceService::Stub::SetEdid, broken, &response).error_code(),
      grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(device_.writes().empty());
}

TEST_F(DeviceServiceTest, ABorrowedDeviceIsNotWrittenTo) {
  device_.writes_allowed = false;
  v1::SetEdidResponse response;
  const grpc::Status status = SetMode(1024, 768, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("allow_edid_writes"));
  v1::GetEdidResponse got;
  ASSERT_TRUE(Get(&got).ok());
  EXPECT_FALSE(got.limits().writable());
  EXPECT_THAT(got.limits().write_refusal(), HasSubstr("allow_edid_writes"));
}

TEST_F(DeviceServiceTest, AnOpRegionComesWithItsVbt) {
  const std::vector<uint8_t> content = capture::igd::BuildOpRegion({});
  auto memory = std::make_shared<capture::FakeMemory>(content.size());
  std::memcpy(memory->bytes().data(), content.data(), content.size());
  device_.SetRegion(8,
                    capture::RegionReply(8, VFIO_REGION_INFO_FLAG_READ, 8192)
                        .AddType(0x80008086, 1)
                        .bytes(),
                    memory);
  v1::GetOpRegionRequest request;
  request.set_display("vm");
  v1::GetOpRegionResponse response;
  ASSERT_TRUE(
      Call(&v1::DeviceService::Stub::GetOpRegion, request, &response).ok());
  EXPECT_EQ(response.op_region(), std::string(content.begin(), content.end()));
  EXPECT_TRUE(response.vbt().starts_with("$VBT"));
  EXPECT_EQ(response.vbt_problem(), "");
}

TEST_F(DeviceServiceTest, WhatADeviceHasNotIsAFailedPrecondition) {
  v1::GetOpRegionRequest request;
  request.set_display("vm");
  v1::GetOpRegionResponse response;
  const grpc::Status status =
      Call(&v1::DeviceService::Stub::GetOpRegion, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("has no OpRegion"));
}

TEST_F(DeviceServiceTest, ADeviceThatIsNotThereIsUnavailable) {
  registry_.SetDevice(absl::UnavailableError("the VM is not running"));
  v1::GetEdidResponse response;
  const grpc::Status status = Get(&response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the VM is not running");
}

TEST_F(DeviceServiceTest, ARequestWithoutADisplayIsTold) {
  v1::GetDeviceResponse response;
  const grpc::Status status = Call(&v1::DeviceService::Stub::GetDevice,
                                   v1::GetDeviceRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace oriel::rpc
