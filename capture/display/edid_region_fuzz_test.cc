#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "capture/abi/vfio.h"
#include "capture/device/fake_device.h"
#include "capture/display/edid_region.h"

namespace {

using namespace oriel::capture;

constexpr uint32_t kIndex = VFIO_PCI_NUM_REGIONS;
constexpr size_t kRegisterBytes = sizeof(vfio_region_gfx_edid);

void Require(bool holds) {
  if (!holds) std::abort();
}

// Registers and blob are the input's; aborts on an access that no driver of
// the protocol expects.
class HostileDevice : public FakeDevice {
 public:
  HostileDevice(std::span<const uint8_t> registers,
                std::span<const uint8_t> blob, uint16_t region_size_bytes)
      : registers_(registers.begin(), registers.end()), blob_(blob) {
    std::memcpy(&blob_offset_, registers.data(), sizeof(blob_offset_));
    set_info({.region_count = kIndex + 1});
    SetRegion(
        kIndex,
        RegionReply(kIndex,
                    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                    region_size_bytes)
            .AddType(VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID)
            .bytes());
  }

  absl::StatusOr<size_t> Read(const RegionAddress&, uint64_t offset,
                              std::span<uint8_t> out) override {
    Check(offset, out.size());
    if (offset < kRegisterBytes) {
      std::memcpy(out.data(), registers_.data() + offset, out.size());
      return out.size();
    }
    const size_t got = std::min(out.size(), blob_.size());
    std::copy_n(blob_.begin(), got, out.begin());
    return got;
  }

  absl::Status Write(const RegionAddress&, uint64_t offset,
                     std::span<const uint8_t> bytes) override {
    Check(offset, bytes.size());
    if (offset < kRegisterBytes) Require(offset == 8 || offset == 20);
    return ++writes_ % 4 == 0 ? absl::InvalidArgumentError("not that one")
                              : absl::OkStatus();
  }

 private:
  void Check(uint64_t offset, size_t size_bytes) const {
    const bool is_register = offset < kRegisterBytes;
    Require(is_register
                ? size_bytes == 4 && offset % 4 == 0
                : offset == blob_offset_ &&
                      size_bytes <= oriel::capture::edid::kMaxEdidBytes);
  }

  std::vector<uint8_t> registers_;
  std::span<const uint8_t> blob_;
  uint32_t blob_offset_ = 0;
  int writes_ = 0;
};

}  // namespace

// Two bytes of the region's size, the registers, and the blob.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  if (size_bytes < 2 + kRegisterBytes) return 0;
  const std::span<const uint8_t> input(data, size_bytes);
  const auto blob = input.subspan(2 + kRegisterBytes);
  HostileDevice device(input.subspan(2, kRegisterBytes), blob,
                       static_cast<uint16_t>(data[0] | data[1] << 8));
  const auto region = FindEdidRegion(device);
  if (!region.ok()) return 0;
  const auto state = ReadEdid(device, *region);
  if (state.ok()) Require(state->blob.size() <= blob.size());
  (void)WriteEdid(device, *region, blob, [](oriel::Duration) {});
  const auto mode = ClampMode(region->limits, {1600, 900});
  Require(mode.width_px >= 1 && mode.height_px >= 1);
  return 0;
}
