#include "capture/sim/pointer_plane.h"

#include <fcntl.h>
#include <libdrm/drm_fourcc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"

namespace oriel::capture::sim {
namespace {

constexpr Duration kRound = std::chrono::seconds(8);
constexpr Duration kHidden = std::chrono::seconds(1);
constexpr double kTurn = 6.283185307179586;
constexpr uint32_t kStrideBytes = PointerPlane::kSize.width_px * 4;

static_assert(uint64_t{kStrideBytes} * PointerPlane::kSize.height_px ==
              PointerPlane::kRegionBytes);

// X: black, o: white, '.': a shadow.
constexpr const char* kArrow[] = {
    "X           ", "XX          ", "XoX         ", "XooX        ",
    "XoooX       ", "XooooX      ", "XoooooX     ", "XooooooX    ",
    "XoooooooX   ", "XooooooooX  ", "XoooooooooX.", "XooooooXXXXX",
    "XoooXooX....", "XooXXooX    ", "XoX .XooX   ", "XX   XooX   ",
    "X     XooX  ", "      XooX  ", "       XX.  ",
};

Canvas DrawArrow() {
  Canvas canvas(PointerPlane::kSize);
  int32_t y = 0;
  for (const char* row : kArrow) {
    for (int32_t x = 0; row[x] != '\0'; ++x) {
      uint32_t& pixel = canvas.Row(y)[x];
      if (row[x] == 'X') pixel = Opaque(0x000000);
      if (row[x] == 'o') pixel = Opaque(0xFFFFFF);
      if (row[x] == '.') pixel = 0x60000000;  // premultiplied black
    }
    ++y;
  }
  return canvas;
}

absl::Status ErrnoStatus(const char* what) {
  const int error = errno;
  return absl::ErrnoToStatus(
      error, absl::StrFormat("%s of the pointer's memfd", what));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PointerPlane>> PointerPlane::Make(int rate_hz) {
  const UniqueFd memory(
      memfd_create("oriel-sim-pointer", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.valid()) return ErrnoStatus("creation");
  const Canvas arrow = DrawArrow();
  for (int32_t y = 0; y < kSize.height_px; ++y) {
    if (write(memory.get(), arrow.Row(y), kStrideBytes) !=
        static_cast<ssize_t>(kStrideBytes)) {
      return ErrnoStatus("filling");
    }
  }
  if (fcntl(memory.get(), F_ADD_SEALS,
            F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return ErrnoStatus("sealing");
  }
  const std::string path = absl::StrFormat("/proc/self/fd/%d", memory.get());
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("read-only reopening");
  return std::unique_ptr<PointerPlane>(
      new PointerPlane(std::move(fd), rate_hz));
}

PointerPlane::PointerPlane(UniqueFd fd, int rate_hz)
    : fd_(std::move(fd)),
      interval_(Duration(std::chrono::seconds(1)) / rate_hz) {}

absl::Status PointerPlane::Read(uint64_t offset, std::span<uint8_t> out) const {
  if (pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset)) !=
      static_cast<ssize_t>(out.size())) {
    return ErrnoStatus("reading");
  }
  return absl::OkStatus();
}

void PointerPlane::Move(Duration elapsed, Size picture) {
  const Duration tick = elapsed / interval_ * interval_;
  at_.reset();
  if (tick % kRound >= kRound - kHidden) return;
  const double turns = std::chrono::duration<double>(tick) / kRound;
  const auto swing = [turns](int32_t side_px, double speed) {
    const double share = std::sin(kTurn * turns * speed) / 2 + 0.5;
    // From a little before the picture to its last pixel.
    constexpr int32_t kBefore = kSize.width_px / 4;
    return static_cast<int32_t>(share * (side_px + kBefore - 1)) - kBefore;
  };
  at_ = Point{swing(picture.width_px, 2), swing(picture.height_px, 3)};
}

Duration PointerPlane::NextChange(Duration elapsed) const {
  return (elapsed / interval_ + 1) * interval_;
}

void PointerPlane::Describe(vfio_device_gfx_plane_info& info) const {
  if (!at_.has_value()) return;
  info.drm_format = DRM_FORMAT_ARGB8888;
  info.width = kSize.width_px;
  info.height = kSize.height_px;
  info.stride = kStrideBytes;
  info.size = kRegionBytes;
  info.x_pos = static_cast<uint32_t>(at_->x_px);
  info.y_pos = static_cast<uint32_t>(at_->y_px);
  info.x_hot = info.y_hot = 0;
}

}  // namespace oriel::capture::sim
