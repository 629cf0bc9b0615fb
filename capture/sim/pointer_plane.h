#pragma once

#include <linux/vfio.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/picture/rect.h"
#include "base/unique_fd.h"
#include "capture/sim/canvas.h"

namespace oriel::capture::sim {

// An arrow on a cursor plane of its own, in premultiplied AR24: it swings
// about the picture and over its edges, and is nowhere for the last second of
// eight, as while somebody types. Thread-compatible.
class PointerPlane {
 public:
  static constexpr Size kSize = {32, 32};
  static constexpr uint64_t kRegionBytes = 4096;

  // `rate_hz`: how often a second it moves.
  static absl::StatusOr<std::unique_ptr<PointerPlane>> Make(int rate_hz);

  // Opened for reading only; the region is its bytes. Owned by this.
  int fd() const { return fd_.get(); }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const;

  void Move(Duration elapsed, Size picture);
  Duration NextChange(Duration elapsed) const;
  // Empty: nowhere.
  std::optional<Point> at() const { return at_; }
  // But for the region's index; zeros when it is nowhere.
  void Describe(vfio_device_gfx_plane_info& info) const;

 private:
  PointerPlane(UniqueFd fd, int rate_hz);

  const UniqueFd fd_;
  const Duration interval_;
  std::optional<Point> at_;
};

}  // namespace oriel::capture::sim
