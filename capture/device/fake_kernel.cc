#include "capture/device/fake_kernel.h"

#include <linux/dma-buf.h>
#include <linux/vfio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace oriel::capture {

int FakeKernel::Fail(int error_number) {
  errno = error_number;
  return -1;
}

UniqueFd FakeKernel::Open(const std::string& path) {
  ++opens;
  if (const auto found = open_errors.find(path); found != open_errors.end()) {
    errno = found->second;
    return UniqueFd();
  }
  if (path != container_path && path != group_path) {
    errno = ENOENT;
    return UniqueFd();
  }
  UniqueFd fd(memfd_create("oriel-fake-kernel", MFD_CLOEXEC));
  (path == container_path ? container_ : group_) = fd.get();
  return fd;
}

int FakeKernel::GetDeviceFd(const char* name) {
  if (!joined_ || !has_iommu_) return Fail(EINVAL);
  if (name != device_name) return Fail(ENODEV);
  UniqueFd fd(memfd_create("oriel-fake-kernel-device", MFD_CLOEXEC));
  if (write(fd.get(), device_bytes.data(), device_bytes.size()) !=
      static_cast<ssize_t>(device_bytes.size())) {
    std::abort();
  }
  return fd.release();
}

// Not closed on exec, as mbochs's.
int FakeKernel::GetDmaBuf(uint32_t id) {
  if (id != dma_buf_id) return Fail(EINVAL);
  UniqueFd fd(memfd_create("oriel-fake-dma-buf", 0));
  if (write(fd.get(), dma_buf_bytes.data(), dma_buf_bytes.size()) !=
      static_cast<ssize_t>(dma_buf_bytes.size())) {
    std::abort();
  }
  return fd.release();
}

int FakeKernel::AnswerDevice(unsigned long request, void* argument) {
  switch (request) {
    case VFIO_DEVICE_GET_INFO: {
      auto* info = static_cast<vfio_device_info*>(argument);
      info->flags = VFIO_DEVICE_FLAGS_PCI;
      info->num_regions = VFIO_PCI_NUM_REGIONS;
      info->num_irqs = VFIO_PCI_NUM_IRQS;
      return 0;
    }
    case VFIO_DEVICE_GET_REGION_INFO: {
      auto* info = static_cast<vfio_region_info*>(argument);
      if (info->index != 0) return Fail(EINVAL);
      info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP;
      info->size = device_bytes.size();
      return 0;
    }
    case VFIO_DEVICE_GET_IRQ_INFO:
      static_cast<vfio_irq_info*>(argument)->count = request_irq_count;
      return 0;
    case VFIO_DEVICE_SET_IRQS:
      std::memcpy(&eventfd, static_cast<vfio_irq_set*>(argument)->data,
                  sizeof(eventfd));
      return 0;
    case VFIO_DEVICE_RESET:
      ++resets;
      return 0;
    case VFIO_DEVICE_QUERY_GFX_PLANE: {
      auto* asked = static_cast<vfio_device_gfx_plane_info*>(argument);
      const vfio_device_gfx_plane_info question = *asked;
      *asked = plane;
      asked->argsz = question.argsz;
      asked->flags = question.flags;
      asked->drm_plane_type = question.drm_plane_type;
      return 0;
    }
    case VFIO_DEVICE_GET_GFX_DMABUF:
      return GetDmaBuf(*static_cast<uint32_t*>(argument));
    case DMA_BUF_IOCTL_SYNC:
      if (sync_retries > 0) {
        --sync_retries;
        return Fail(EAGAIN);
      }
      sync_flags.push_back(static_cast<dma_buf_sync*>(argument)->flags);
      return 0;
    default:
      return Fail(ENOTTY);
  }
}

int FakeKernel::Ioctl(int fd, unsigned long request, void* argument) {
  if (const auto found = ioctl_errors.find(request);
      found != ioctl_errors.end()) {
    return Fail(found->second);
  }
  switch (request) {
    case VFIO_GROUP_GET_STATUS:
      static_cast<vfio_group_status*>(argument)->flags =
          group_viable ? VFIO_GROUP_FLAGS_VIABLE : 0;
      return 0;
    case VFIO_GROUP_SET_CONTAINER:
      if (fd != group_ || *static_cast<int*>(argument) != container_)
        return Fail(EINVAL);
      joined_ = true;
      return 0;
    case VFIO_SET_IOMMU:
      // SAFETY: this ioctl's argument is a number, never followed.
      if (fd != container_ || !joined_ ||
          reinterpret_cast<unsigned long>(argument) != iommu_type) {
        return Fail(EINVAL);
      }
      has_iommu_ = true;
      return 0;
    case VFIO_GROUP_GET_DEVICE_FD:
      return GetDeviceFd(static_cast<const char*>(argument));
    default:
      return AnswerDevice(request, argument);
  }
}

}  // namespace oriel::capture
