#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "base/picture/rect.h"
#include "capture/edid/edid.h"

namespace oriel::capture::sim {

// The EDID region as the kernel documents it (linux/vfio.h, struct
// vfio_region_gfx_edid): link down, size, blob, link up. Stricter than any
// known driver, so that a client that passes here passes there: registers are
// written in aligned words of four bytes, size and blob only while the link is
// down. Thread-compatible.
class EdidRegion {
 public:
  static constexpr uint64_t kSizeBytes = 4096;
  static constexpr uint32_t kBlobOffset = 1024;
  static constexpr uint32_t kMaxBlobBytes = 512;

  // `connect` is called with the preferred mode when the link goes up; its
  // error leaves the link down. `max_size` is what clients are told.
  using Connect = std::function<absl::Status(const edid::Mode&)>;
  EdidRegion(Size max_size, Connect connect);

  // Plugs a monitor in without telling `connect`: the state at power-on.
  void Start(std::span<const uint8_t> blob);

  bool link_up() const { return link_up_; }

  // Both: the caller has checked the bounds against kSizeBytes.
  void Read(uint64_t offset, std::span<uint8_t> out) const;
  // kPermissionDenied: read-only; kInvalidArgument: anything else that the
  // protocol does not allow, also an EDID without a mode that can be shown.
  absl::Status Write(uint64_t offset, std::span<const uint8_t> bytes);

 private:
  absl::Status WriteRegister(uint64_t offset, uint32_t value);
  absl::Status SetLink(uint32_t state);

  const Size max_size_;
  const Connect connect_;
  bool link_up_ = false;
  uint32_t blob_bytes_ = 0;
  std::vector<uint8_t> blob_ = std::vector<uint8_t>(kMaxBlobBytes);
};

}  // namespace oriel::capture::sim
