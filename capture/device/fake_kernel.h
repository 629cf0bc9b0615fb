#pragma once

#include <linux/vfio.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "capture/device/kernel_calls.h"

namespace oriel::capture {

// Plays vfio's groups and containers with one device, as strict about the
// order of steps as the kernel is. Every member may be changed by a test.
class FakeKernel : public KernelCalls {
 public:
  std::string container_path = "/dev/vfio/vfio";
  std::string group_path = "/dev/vfio/7";
  std::string device_name = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
  bool group_viable = true;
  unsigned long iommu_type = 3;  // VFIO_TYPE1v2_IOMMU
  uint32_t request_irq_count = 1;
  std::map<std::string, int> open_errors;     // by path
  std::map<unsigned long, int> ioctl_errors;  // by request
  std::vector<uint8_t> device_bytes = std::vector<uint8_t>(64);

  vfio_device_gfx_plane_info plane{.region_index = 16};

  // The one dma-buf there is.
  uint32_t dma_buf_id = 5;
  std::vector<uint8_t> dma_buf_bytes = std::vector<uint8_t>(4096);
  int sync_retries = 0;              // so often DMA_BUF_IOCTL_SYNC: EAGAIN
  std::vector<uint64_t> sync_flags;  // of those that succeeded

  int opens = 0;     // of the group or the container
  int eventfd = -1;  // set by VFIO_DEVICE_SET_IRQS
  int resets = 0;

  UniqueFd Open(const std::string& path) override;
  int Ioctl(int fd, unsigned long request, void* argument) override;

 private:
  int Fail(int error_number);
  int GetDeviceFd(const char* name);
  int GetDmaBuf(uint32_t id);
  int AnswerDevice(unsigned long request, void* argument);

  int container_ = -1;
  int group_ = -1;
  bool joined_ = false;
  bool has_iommu_ = false;
};

}  // namespace oriel::capture
