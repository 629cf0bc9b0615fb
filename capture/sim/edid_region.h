#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
  // Room for every EDID there can be.
  static constexpr uint32_t kMaxBlobBytes = edid::kMaxEdidBytes;
  static constexpr uint32_t kBlobOffset = 4096;
  static constexpr uint64_t kSizeBytes = kBlobOffset + kMaxBlobBytes;

  // `connect` is called with what ModeToShow chose when the link goes up; its
  // error leaves the link down. `max_size` is what clients are told.
  using Connect = std::function<absl::Status(const edid::Mode&)>;
  EdidRegion(Size max_size, Connect connect);

  // Plugs a monitor in without telling `connect`: the state at power-on.
  void Start(std::span<const uint8_t> blob);

  bool link_up() const { return link_up_; }

  // Both: the caller has checked the bounds against kSizeBytes.
  void Read(uint64_t offset, std::span<uint8_t> out) const;
  // kPermissionDenied: read-only; kInvalidArgument: anything else that the
  // protocol does not allow, a broken base block, or an EDID whose modes are
  // all larger than `max_size`.
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

// What a guest shows on a monitor with this EDID: the preferred mode, else the
// first one listed that fits into `max_size`, else 640x480, which every monitor
// can show. What is interlaced is shown whole.
absl::StatusOr<edid::Mode> ModeToShow(std::span<const uint8_t> edid,
                                      Size max_size);

}  // namespace oriel::capture::sim
