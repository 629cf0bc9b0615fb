#include "clients/lib/pointer.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"

namespace oriel::clients {
namespace {

constexpr uint32_t kMaxSidePx = 512;

std::shared_ptr<const Picture> ShapeOf(const v1::Cursor& cursor,
                                       const std::string& payload) {
  auto shape =
      std::make_shared<Picture>(Size{static_cast<int32_t>(cursor.width_px()),
                                     static_cast<int32_t>(cursor.height_px())});
  const size_t row_bytes = size_t{cursor.width_px()} * kBytesPerPixel;
  for (uint32_t y = 0; y < cursor.height_px(); ++y) {
    std::memcpy(shape->MutableAt(0, static_cast<int32_t>(y)),
                payload.data() + y * row_bytes, row_bytes);
  }
  return shape;
}

}  // namespace

absl::Status Pointer::Apply(const v1::Cursor& cursor,
                            const std::string& payload) {
  if (!cursor.visible()) {
    visible_ = false;
    return absl::OkStatus();
  }
  const uint32_t width = cursor.width_px();
  const uint32_t height = cursor.height_px();
  const bool has_shape = width != 0 || height != 0;
  if (width > kMaxSidePx || height > kMaxSidePx ||
      (width == 0) != (height == 0))
    return absl::InvalidArgumentError(
        absl::StrFormat("a pointer of %ux%u pixels", width, height));
  if (payload.size() != uint64_t{width} * height * kBytesPerPixel) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a pointer of %ux%u pixels with %d bytes", width,
                        height, payload.size()));
  }
  if (!has_shape && !cursor.shape_unknown() && shape_ == nullptr) {
    return absl::InvalidArgumentError(
        "a pointer without a shape, and none came before");
  }
  if (has_shape) shape_ = ShapeOf(cursor, payload);
  visible_ = true;
  at_ = {cursor.x_px(), cursor.y_px()};
  shape_unknown_ = cursor.shape_unknown();
  hot_spot_.reset();
  if (cursor.has_hot_x_px() && cursor.has_hot_y_px() &&
      cursor.hot_x_px() < kMaxSidePx && cursor.hot_y_px() < kMaxSidePx) {
    hot_spot_ = Point{static_cast<int32_t>(cursor.hot_x_px()),
                      static_cast<int32_t>(cursor.hot_y_px())};
  }
  return absl::OkStatus();
}

}  // namespace oriel::clients
