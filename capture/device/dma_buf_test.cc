#include "capture/device/dma_buf.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/vfio.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>

#include "capture/device/fake_kernel.h"
#include "capture/device/group_device.h"
#include "capture/device/open_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DmaBufTest : public ::testing::Test {
 protected:
  DmaBufTest() {
    kernel_.dma_buf_bytes[7] = 0x42;
    auto device =
        OpenGroupDeviceWith(kernel_, kernel_.group_path, kernel_.device_name,
                            *HangupEvent::Create(), kernel_.container_path);
    if (device.ok()) device_ = *std::move(device);
  }
  void SetUp() override { ASSERT_NE(device_, nullptr); }

  // Descriptors of dma-bufs that a child would inherit.
  static int Inheritable() {
    int count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code error;
      const auto target = std::filesystem::read_symlink(entry.path(), error);
      if (target.string().find("oriel-fake-dma-buf") == std::string::npos)
        continue;
      const int fd = std::stoi(entry.path().filename());
      count += (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
    }
    return count;
  }

  FakeKernel kernel_;
  std::unique_ptr<OwnedDevice> device_;
};

TEST_F(DmaBufTest, IsMappedAndStaysWithThisProcess) {
  const auto dma_buf = device_->GetPlaneDmaBuf(5);
  ASSERT_TRUE(dma_buf.ok()) << dma_buf.status();
  EXPECT_EQ(Inheritable(), 0);
  const auto mapping = (*dma_buf)->Map(4096);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(static_cast<const uint8_t*>(mapping->address())[7], 0x42);
}

TEST_F(DmaBufTest, SmallerOneThanItsPlaneIsNotMapped) {
  const auto dma_buf = device_->GetPlaneDmaBuf(5);
  ASSERT_TRUE(dma_buf.ok()) << dma_buf.status();
  EXPECT_TRUE(absl::IsInvalidArgument((*dma_buf)->Map(8192).status()));
}

TEST_F(DmaBufTest, UnknownIdAndModeChangesCanBeAskedAgain) {
  EXPECT_TRUE(absl::IsInvalidArgument(device_->GetPlaneDmaBuf(6).status()));
  for (const int error : {ENOMEM, EFAULT}) {
    kernel_.ioctl_errors[VFIO_DEVICE_GET_GFX_DMABUF] = error;
    EXPECT_TRUE(absl::IsUnavailable(device_->GetPlaneDmaBuf(5).status()));
  }
  kernel_.ioctl_errors[VFIO_DEVICE_GET_GFX_DMABUF] = ENOTTY;
  EXPECT_TRUE(absl::IsUnimplemented(device_->GetPlaneDmaBuf(5).status()));
}

TEST_F(DmaBufTest, ReadsAreAnnouncedToTheExporterUntilItListens) {
  const auto dma_buf = device_->GetPlaneDmaBuf(5);
  ASSERT_TRUE(dma_buf.ok()) << dma_buf.status();
  kernel_.sync_retries = 3;
  EXPECT_TRUE((*dma_buf)->BeginRead().ok());
  EXPECT_TRUE((*dma_buf)->EndRead().ok());
  EXPECT_THAT(kernel_.sync_flags,
              ElementsAre(DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ,
                          DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ));
}

TEST_F(DmaBufTest, ExporterThatFailsIsNotTakenForADeviceThatWent) {
  const auto dma_buf = device_->GetPlaneDmaBuf(5);
  ASSERT_TRUE(dma_buf.ok()) << dma_buf.status();
  kernel_.sync_retries = 1000000;
  const absl::Status busy = (*dma_buf)->BeginRead();
  EXPECT_TRUE(absl::IsFailedPrecondition(busy)) << busy;
  kernel_.ioctl_errors[DMA_BUF_IOCTL_SYNC] = ENODEV;
  const absl::Status failed = (*dma_buf)->EndRead();
  EXPECT_TRUE(absl::IsFailedPrecondition(failed)) << failed;
  EXPECT_THAT(std::string(failed.message()), HasSubstr("dma-buf 5 of device"));
}

}  // namespace
}  // namespace oriel::capture
