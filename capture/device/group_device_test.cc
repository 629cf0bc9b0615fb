#include "capture/device/group_device.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/vfio.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "capture/device/fake_kernel.h"
#include "capture/device/open_device.h"

namespace oriel::capture {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

absl::StatusOr<std::unique_ptr<OwnedDevice>> Open(FakeKernel& kernel) {
  return OpenGroupDeviceWith(kernel, kernel.group_path, kernel.device_name,
                             *HangupEvent::Create(), kernel.container_path);
}

bool IsReadable(int fd) {
  pollfd event = {.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&event, 1, 0) == 1;
}

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

size_t OpenFds() {
  const std::filesystem::directory_iterator fds("/proc/self/fd");
  return static_cast<size_t>(
      std::distance(begin(fds), std::filesystem::directory_iterator()));
}

TEST(GroupDeviceTest, OpensInTheOrderTheKernelWants) {
  FakeKernel kernel;
  const auto device = Open(kernel);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_THAT((*device)->description(),
              AllOf(HasSubstr(kernel.device_name), HasSubstr("/dev/vfio/7")));
  const auto info = (*device)->GetInfo();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->region_count, 9u);
}

TEST(GroupDeviceTest, ClosesEverythingWithTheDeviceAndAfterEachFailure) {
  const size_t before = OpenFds();
  {
    FakeKernel kernel;
    const auto device = Open(kernel);
    ASSERT_TRUE(device.ok()) << device.status();
    EXPECT_EQ(OpenFds(), before + 4);
  }
  EXPECT_EQ(OpenFds(), before);
  for (const unsigned long request :
       {VFIO_GROUP_GET_STATUS, VFIO_GROUP_SET_CONTAINER, VFIO_SET_IOMMU,
        VFIO_GROUP_GET_DEVICE_FD, VFIO_DEVICE_GET_INFO, VFIO_DEVICE_SET_IRQS}) {
    FakeKernel kernel;
    kernel.ioctl_errors[request] = EIO;
    EXPECT_FALSE(Open(kernel).ok());
    EXPECT_EQ(OpenFds(), before);
  }
}

TEST(GroupDeviceTest, BusyGroupIsUnavailable) {
  FakeKernel kernel;
  kernel.open_errors[kernel.group_path] = EBUSY;
  const auto device = Open(kernel);
  EXPECT_TRUE(absl::IsUnavailable(device.status()));
  EXPECT_THAT(MessageOf(device.status()),
              AllOf(HasSubstr("open device 83b8"), HasSubstr("/dev/vfio/7"),
                    HasSubstr("another process")));
}

TEST(GroupDeviceTest, MissingContainerNamesTheModules) {
  FakeKernel kernel;
  kernel.open_errors[kernel.container_path] = ENOENT;
  const auto device = Open(kernel);
  EXPECT_TRUE(absl::IsFailedPrecondition(device.status()));
  EXPECT_THAT(MessageOf(device.status()), HasSubstr("modprobe vfio"));
}

TEST(GroupDeviceTest, GoneGroupIsNamed) {
  FakeKernel kernel;
  kernel.open_errors[kernel.group_path] = ENODEV;
  const auto device = Open(kernel);
  EXPECT_TRUE(absl::IsFailedPrecondition(device.status()));
  EXPECT_THAT(MessageOf(device.status()), HasSubstr("/dev/vfio/7"));
}

TEST(GroupDeviceTest, DeniedGroupNamesItsFile) {
  FakeKernel kernel;
  kernel.group_path = "/dev/null";
  kernel.open_errors[kernel.group_path] = EACCES;
  const auto device = Open(kernel);
  EXPECT_TRUE(absl::IsPermissionDenied(device.status()));
  EXPECT_THAT(
      MessageOf(device.status()),
      AllOf(HasSubstr("/dev/null has mode 0666"), HasSubstr("owner root")));
}

TEST(GroupDeviceTest, GroupThatSharesDevicesWithTheHostIsRefused) {
  FakeKernel kernel;
  kernel.group_viable = false;
  const auto device = Open(kernel);
  EXPECT_TRUE(absl::IsFailedPrecondition(device.status()));
  EXPECT_THAT(MessageOf(device.status()), HasSubstr("bind them all"));
}

TEST(GroupDeviceTest, FileThatIsNoGroupIsRefused) {
  FakeKernel kernel;
  kernel.ioctl_errors[VFIO_GROUP_GET_STATUS] = ENOTTY;
  EXPECT_TRUE(absl::IsInvalidArgument(Open(kernel).status()));
}

TEST(GroupDeviceTest, MissingIommuModuleIsNamed) {
  FakeKernel kernel;
  kernel.ioctl_errors[VFIO_SET_IOMMU] = ENODEV;
  EXPECT_THAT(MessageOf(Open(kernel).status()),
              HasSubstr("vfio_iommu_type1 loaded"));
}

TEST(GroupDeviceTest, UnknownNameInTheGroupIsNotFound) {
  FakeKernel kernel;
  const auto device =
      OpenGroupDeviceWith(kernel, kernel.group_path, "0000:00:02.0",
                          *HangupEvent::Create(), kernel.container_path);
  EXPECT_TRUE(absl::IsNotFound(device.status()));
}

TEST(GroupDeviceTest, EmptyNameIsRefused) {
  FakeKernel kernel;
  const auto device =
      OpenGroupDeviceWith(kernel, kernel.group_path, "", *HangupEvent::Create(),
                          kernel.container_path);
  EXPECT_TRUE(absl::IsInvalidArgument(device.status()));
}

TEST(GroupDeviceTest, VgpuThatOpensForItsVmOnlySaysSo) {
  FakeKernel kernel;
  kernel.ioctl_errors[VFIO_GROUP_GET_DEVICE_FD] = ESRCH;
  const auto device = Open(kernel);
  EXPECT_TRUE(absl::IsFailedPrecondition(device.status()));
  EXPECT_THAT(MessageOf(device.status()), HasSubstr("running VM"));
}

TEST(GroupDeviceTest, GroupWithoutIommuUsesItsOwnType) {
  FakeKernel kernel;
  kernel.group_path = "/dev/vfio/noiommu-0";
  kernel.iommu_type = VFIO_NOIOMMU_IOMMU;
  EXPECT_TRUE(Open(kernel).ok());
  kernel.open_errors[kernel.group_path] = EPERM;
  const auto device = Open(kernel);
  EXPECT_TRUE(absl::IsPermissionDenied(device.status()));
  EXPECT_THAT(MessageOf(device.status()), HasSubstr("CAP_SYS_RAWIO"));
}

TEST(GroupDeviceTest, ReadsUpToTheEndAndWrites) {
  FakeKernel kernel;
  kernel.device_bytes = {1, 2, 3, 4};
  const auto device = Open(kernel);
  ASSERT_TRUE(device.ok()) << device.status();
  std::vector<uint8_t> bytes(8);
  auto got = (*device)->Read({0, 1}, 1, bytes);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(*got, 2u);
  EXPECT_EQ(bytes[0], 3);
  const std::vector<uint8_t> written = {9, 8};
  ASSERT_TRUE((*device)->Write({0, 1}, 0, written).ok());
  got = (*device)->Read({0, 0}, 0, bytes);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(bytes, (std::vector<uint8_t>{1, 9, 8, 4, 0, 0, 0, 0}));
}

TEST(GroupDeviceTest, OffsetsBeyondAnyFileAreRefused) {
  FakeKernel kernel;
  const auto device = Open(kernel);
  ASSERT_TRUE(device.ok()) << device.status();
  std::vector<uint8_t> bytes(8);
  for (const RegionAddress region :
       {RegionAddress{0, ~uint64_t{0}}, RegionAddress{0, uint64_t{1} << 63}}) {
    EXPECT_TRUE(
        absl::IsInvalidArgument((*device)->Read(region, 8, bytes).status()));
    EXPECT_TRUE(absl::IsInvalidArgument((*device)->Write(region, 8, bytes)));
    EXPECT_TRUE(
        absl::IsInvalidArgument((*device)->Map(region, 0, 4096).status()));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      (*device)->Read({0, 4096}, ~uint64_t{0} - 8, bytes).status()));
}

TEST(GroupDeviceTest, UnknownRegionIsNotFound) {
  FakeKernel kernel;
  const auto device = Open(kernel);
  ASSERT_TRUE(device.ok()) << device.status();
  std::vector<uint8_t> reply(32);
  EXPECT_TRUE((*device)->GetRegionInfo(0, reply).ok());
  EXPECT_TRUE(absl::IsNotFound((*device)->GetRegionInfo(5, reply)));
  EXPECT_TRUE(absl::IsInvalidArgument(
      (*device)->GetRegionInfo(0, std::span(reply).first(31))));
}

TEST(GroupDeviceTest, PlaneQueryTellsMissingFromRefusedFromTransient) {
  FakeKernel kernel;
  const auto device = Open(kernel);
  ASSERT_TRUE(device.ok()) << device.status();
  const auto plane = (*device)->QueryPlane(VFIO_GFX_PLANE_TYPE_REGION, 1);
  ASSERT_TRUE(plane.ok()) << plane.status();
  EXPECT_EQ(plane->region_index, 16u);
  EXPECT_EQ(plane->drm_plane_type, 1u);
  const std::vector<std::pair<int, absl::StatusCode>> expected = {
      {ENOTTY, absl::StatusCode::kUnimplemented},
      {EINVAL, absl::StatusCode::kInvalidArgument},
      {ENOMEM, absl::StatusCode::kUnavailable},
      {EFAULT, absl::StatusCode::kUnavailable},
      {ENODEV, absl::StatusCode::kUnavailable}};
  for (const auto& [error, code] : expected) {
    kernel.ioctl_errors[VFIO_DEVICE_QUERY_GFX_PLANE] = error;
    EXPECT_EQ((*device)->QueryPlane(0, 1).status().code(), code) << error;
  }
}

TEST(GroupDeviceTest, DriverThatAsksForItsDeviceHangsItUp) {
  FakeKernel kernel;
  const auto device = Open(kernel);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_EQ(kernel.eventfd, (*device)->hangup_fd());
  EXPECT_FALSE(IsReadable((*device)->hangup_fd()));
  EXPECT_EQ((*device)->hangup_reason(), "");
  ASSERT_EQ(eventfd_write(kernel.eventfd, 1), 0);
  EXPECT_TRUE(IsReadable((*device)->hangup_fd()));
  EXPECT_THAT((*device)->hangup_reason(), HasSubstr("asks for the device"));
}

TEST(GroupDeviceTest, DriverWithoutARequestInterruptOpensAllTheSame) {
  for (const bool refused : {false, true}) {
    FakeKernel kernel;
    kernel.request_irq_count = 0;  // mdpy
    if (refused) kernel.ioctl_errors[VFIO_DEVICE_GET_IRQ_INFO] = EINVAL;
    const auto device = Open(kernel);
    ASSERT_TRUE(device.ok()) << device.status();
    EXPECT_EQ(kernel.eventfd, -1);
    EXPECT_FALSE(IsReadable((*device)->hangup_fd()));
  }
}

TEST(GroupDeviceTest, ResetReachesTheDriver) {
  FakeKernel kernel;
  const auto device = Open(kernel);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_TRUE((*device)->Reset().ok());
  EXPECT_EQ(kernel.resets, 1);
}

TEST(AdoptDeviceFdTest, VerifiedDeviceCanBeRead) {
  FakeKernel kernel;
  const auto device =
      AdoptDeviceFdWith(kernel, UniqueFd(eventfd(0, EFD_CLOEXEC)), "vm 17");
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_EQ((*device)->description(), "vm 17");
  EXPECT_EQ((*device)->hangup_fd(), -1);
}

TEST(AdoptDeviceFdTest, OnlyWhatIsAllowedIsWritten) {
  FakeKernel kernel;
  const UniqueFd file(memfd_create("device", MFD_CLOEXEC));
  const auto adopt = [&](const AdoptOptions& options) {
    auto device =
        AdoptDeviceFdWith(kernel, UniqueFd(dup(file.get())), "vm 17", options);
    EXPECT_TRUE(device.ok()) << device.status();
    return *std::move(device);
  };
  EXPECT_EQ(adopt({})->AsEdidWriter(), nullptr);
  EXPECT_EQ(adopt({})->AsOwned(), nullptr);
  const auto device = adopt({.edid_writes_allowed = true});
  EXPECT_EQ(device->AsOwned(), nullptr);
  RegionWriter* const writer = device->AsEdidWriter();
  ASSERT_NE(writer, nullptr);
  const std::vector<uint8_t> bytes = {1, 2, 3};
  EXPECT_TRUE(writer->Write({.index = 9, .file_offset = 100}, 5, bytes).ok());
  std::vector<uint8_t> written(3);
  EXPECT_EQ(pread(file.get(), written.data(), 3, 105), 3);
  EXPECT_EQ(written, bytes);
}

TEST(AdoptDeviceFdTest, AnyOtherFileIsRefusedByTheRealKernel) {
  for (const char* path : {"/dev/null", "/proc/self/status", "/"}) {
    const auto device = AdoptDeviceFd(
        UniqueFd(open(path, O_RDONLY | O_CLOEXEC)), "what a launcher sent");
    EXPECT_TRUE(absl::IsInvalidArgument(device.status())) << device.status();
    EXPECT_THAT(MessageOf(device.status()), HasSubstr("a launcher sent"));
  }
  EXPECT_TRUE(
      absl::IsInvalidArgument(AdoptDeviceFd(UniqueFd(), "nothing").status()));
}

TEST(AdoptDeviceFdTest, UnboundCharacterDeviceIsRefusedWithTheReason) {
  FakeKernel kernel;
  kernel.ioctl_errors[VFIO_DEVICE_GET_INFO] = EINVAL;
  const auto device =
      AdoptDeviceFdWith(kernel, UniqueFd(eventfd(0, EFD_CLOEXEC)), "vm 17");
  EXPECT_TRUE(absl::IsInvalidArgument(device.status()));
  EXPECT_THAT(MessageOf(device.status()), HasSubstr("iommufd"));
}

TEST(OpenGroupDeviceTest, MissingContainerOfTheRealKernelIsNamed) {
  const auto device =
      OpenGroupDevice("/dev/vfio/7", "0000:00:02.0", *HangupEvent::Create(),
                      "/nonexistent/vfio");
  EXPECT_TRUE(absl::IsFailedPrecondition(device.status()));
  EXPECT_THAT(MessageOf(device.status()), HasSubstr("/nonexistent/vfio"));
}

TEST(OpenGroupDeviceTest, FileThatIsNoGroupIsRefusedByTheRealKernel) {
  const auto device = OpenGroupDevice("/dev/null", "0000:00:02.0",
                                      *HangupEvent::Create(), "/dev/null");
  EXPECT_TRUE(absl::IsInvalidArgument(device.status())) << device.status();
}

}  // namespace
}  // namespace oriel::capture
