#pragma once

#include <linux/vfio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "capture/sim/test_client.h"
#include "capture/sim/virtual_device.h"

namespace oriel::capture::sim {

// The framebuffer as a test client maps it; tries what it must not be able to
// do. Thread-compatible.
class MappedPlane {
 public:
  explicit MappedPlane(TestClient& client) {
    const auto answer = client.GetRegionInfo(kFramebufferRegion, 48);
    const auto info = answer.As<vfio_region_info>();
    size_ = info.size;
    address_ = mmap(nullptr, size_, PROT_READ, MAP_SHARED, answer.fd.get(),
                    static_cast<off_t>(info.offset));
    writable_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED,
                     answer.fd.get(), 0) != MAP_FAILED;
    can_shrink_ = ftruncate(answer.fd.get(), 0) == 0;
  }
  ~MappedPlane() { munmap(address_, size_); }
  bool ok() const { return address_ != MAP_FAILED; }
  bool writable() const { return writable_; }
  bool can_shrink() const { return can_shrink_; }
  uint64_t size() const { return size_; }
  uint32_t Pixel(const vfio_device_gfx_plane_info& plane, int x, int y) const {
    uint32_t pixel = 0;
    std::memcpy(&pixel,
                static_cast<const char*>(address_) +
                    uint64_t{plane.stride} * y + uint64_t(x) * 4,
                sizeof(pixel));
    return pixel;
  }

 private:
  void* address_ = MAP_FAILED;
  uint64_t size_ = 0;
  bool writable_ = true;
  bool can_shrink_ = true;
};

}  // namespace oriel::capture::sim
