#include "tests/exactness/guest_screen.h"

#include <libdrm/drm_fourcc.h>
#include <linux/vfio.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "capture/display/device_frame_source.h"

namespace oriel::exactness {
namespace {

constexpr size_t kMemoryBytes = 4 << 20;
constexpr uint32_t kRegion = 2;

int BytesPerPixel(uint32_t fourcc) {
  switch (fourcc) {
    case DRM_FORMAT_RGB888:
    case DRM_FORMAT_BGR888:
      return 3;
    case DRM_FORMAT_RGB565:
      return 2;
    default:
      return 4;
  }
}

uint8_t Widen(uint32_t value, int bits) {
  // Repeats the upper bits below, so that the largest value is 255.
  return uint8_t(value << (8 - bits) | value >> (2 * bits - 8));
}

// Blue, green, red.
void ToBgr(uint32_t fourcc, const uint8_t* in, uint8_t* out) {
  uint32_t value = 0;
  std::memcpy(&value, in, size_t(BytesPerPixel(fourcc)));
  const auto ten = [&](int shift) { return uint8_t(value >> shift >> 2); };
  switch (fourcc) {
    case DRM_FORMAT_XBGR8888:
    case DRM_FORMAT_ABGR8888:
    case DRM_FORMAT_BGR888:
      out[0] = uint8_t(value >> 16);
      out[1] = uint8_t(value >> 8);
      out[2] = uint8_t(value);
      break;
    case DRM_FORMAT_RGB565:
      out[0] = Widen(value & 31, 5);
      out[1] = Widen(value >> 5 & 63, 6);
      out[2] = Widen(value >> 11 & 31, 5);
      break;
    case DRM_FORMAT_XRGB2101010:
      out[0] = ten(0);
      out[1] = ten(10);
      out[2] = ten(20);
      break;
    case DRM_FORMAT_XBGR2101010:
      out[0] = ten(20);
      out[1] = ten(10);
      out[2] = ten(0);
      break;
    default:
      out[0] = uint8_t(value);
      out[1] = uint8_t(value >> 8);
      out[2] = uint8_t(value >> 16);
  }
}

}  // namespace

GuestScreen::GuestScreen()
    : memory_(std::make_shared<capture::FakeMemory>(kMemoryBytes)) {}

absl::StatusOr<std::unique_ptr<capture::FrameSource>> GuestScreen::Open() {
  auto device = std::make_unique<capture::FakeDevice>("the guest's vGPU");
  device->SetRegion(
      kRegion,
      capture::RegionReply(
          kRegion, VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP,
          kMemoryBytes)
          .bytes(),
      memory_);
  device->set_plane_hook([this](uint32_t flags, uint32_t plane_type)
                             -> absl::StatusOr<vfio_device_gfx_plane_info> {
    if ((flags & VFIO_GFX_PLANE_TYPE_DMABUF) != 0)
      return absl::InvalidArgumentError("no dma-bufs");
    vfio_device_gfx_plane_info plane{};
    MutexLock lock(mutex_);
    if (!mode_.on || plane_type != 1) return plane;
    plane.drm_format = mode_.fourcc;
    plane.width = uint32_t(mode_.size.width_px);
    plane.height = uint32_t(mode_.size.height_px);
    plane.stride = mode_.stride_bytes;
    plane.size = mode_.stride_bytes * plane.height;
    plane.region_index = kRegion;
    return plane;
  });
  return capture::OpenDeviceFrameSource(std::move(device), {});
}

void GuestScreen::SetMode(uint32_t fourcc, Size size,
                          uint32_t extra_stride_bytes) {
  MutexLock lock(mutex_);
  mode_.fourcc = fourcc;
  mode_.size = size;
  mode_.bytes_per_pixel = BytesPerPixel(fourcc);
  mode_.stride_bytes =
      uint32_t(size.width_px * mode_.bytes_per_pixel) + extra_stride_bytes;
  mode_.on = true;
  const std::span<uint8_t> bytes = memory_->bytes();
  std::fill(bytes.begin(), bytes.end(), 0);
}

void GuestScreen::TurnOff() {
  MutexLock lock(mutex_);
  mode_.on = false;
}

Size GuestScreen::size() const {
  MutexLock lock(mutex_);
  return mode_.size;
}

uint8_t* GuestScreen::At(int32_t x_px, int32_t y_px) const {
  return memory_->bytes().data() + size_t(y_px) * mode_.stride_bytes +
         size_t(x_px) * size_t(mode_.bytes_per_pixel);
}

void GuestScreen::Put(int32_t x_px, int32_t y_px, uint32_t value) {
  std::memcpy(At(x_px, y_px), &value, size_t(mode_.bytes_per_pixel));
}

void GuestScreen::DrawNoise(const Rect& rect, uint32_t seed) {
  std::minstd_rand random(seed);
  MutexLock lock(mutex_);
  const Rect part = Intersection(rect, Rect::Of(mode_.size));
  for (int32_t y = part.y_px; y < part.bottom_px(); ++y) {
    for (int32_t x = part.x_px; x < part.right_px(); ++x)
      Put(x, y, uint32_t(random()) * 2654435761u);
  }
}

void GuestScreen::DrawFill(const Rect& rect, uint32_t value) {
  MutexLock lock(mutex_);
  const Rect part = Intersection(rect, Rect::Of(mode_.size));
  for (int32_t y = part.y_px; y < part.bottom_px(); ++y) {
    for (int32_t x = part.x_px; x < part.right_px(); ++x) Put(x, y, value);
  }
}

void GuestScreen::DrawText(const Rect& rect, uint32_t seed) {
  MutexLock lock(mutex_);
  const Rect part = Intersection(rect, Rect::Of(mode_.size));
  for (int32_t y = part.y_px; y < part.bottom_px(); ++y) {
    for (int32_t x = part.x_px; x < part.right_px(); ++x) {
      const uint32_t letter =
          (uint32_t(x / 8) * 31 + uint32_t(y / 16) * 17 + seed) % 64;
      const uint32_t bit = letter * (uint32_t(y % 16) + 3) >> (x % 8);
      Put(x, y, y % 16 < 12 && (bit & 1) != 0 ? 0x00101010 : 0xFFF0F0F0);
    }
  }
}

void GuestScreen::Move(const Rect& rect, int32_t dx_px, int32_t dy_px) {
  MutexLock lock(mutex_);
  const Rect all = Rect::Of(mode_.size);
  const Rect to = Intersection(
      {rect.x_px + dx_px, rect.y_px + dy_px, rect.width_px, rect.height_px},
      all);
  const Rect from = Intersection(
      {to.x_px - dx_px, to.y_px - dy_px, to.width_px, to.height_px}, all);
  if (from.empty()) return;
  const size_t row_bytes =
      size_t(from.width_px) * size_t(mode_.bytes_per_pixel);
  std::vector<uint8_t> pixels;
  for (int32_t row = 0; row < from.height_px; ++row) {
    const uint8_t* at = At(from.x_px, from.y_px + row);
    pixels.insert(pixels.end(), at, at + row_bytes);
  }
  for (int32_t row = 0; row < from.height_px; ++row) {
    std::memcpy(At(from.x_px + dx_px, from.y_px + dy_px + row),
                pixels.data() + size_t(row) * row_bytes, row_bytes);
  }
}

Picture GuestScreen::Expected() const {
  MutexLock lock(mutex_);
  Picture picture(mode_.size);
  for (int32_t y = 0; y < mode_.size.height_px; ++y) {
    for (int32_t x = 0; x < mode_.size.width_px; ++x) {
      uint8_t* out = picture.MutableAt(x, y);
      ToBgr(mode_.fourcc, At(x, y), out);
      out[3] = 0xFF;
    }
  }
  return picture;
}

bool GuestScreen::converted() const {
  MutexLock lock(mutex_);
  return mode_.fourcc == DRM_FORMAT_XRGB2101010 ||
         mode_.fourcc == DRM_FORMAT_XBGR2101010;
}

}  // namespace oriel::exactness
