#include "capture/display/cursor_plane.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status_macros.h"
#include "capture/display/cursor_info.h"
#include "capture/display/pixel_convert.h"
#include "capture/display/plane_query.h"

namespace oriel::capture {
namespace {

constexpr Duration kPause = std::chrono::seconds(1);
// A moment of failure, as around a change of mode, moves no pointer.
constexpr int kMaxFailures = 3;
constexpr int32_t kRowsPerVisit = 32;
// A pointer that moved is followed at each scan for so long,
constexpr Duration kFollowedFor = std::chrono::milliseconds(300);
// and then looked for so often: each time costs a round trip to some devices.
constexpr Duration kStillPause = std::chrono::milliseconds(100);
constexpr Duration kHiddenPause = std::chrono::milliseconds(250);

}  // namespace

std::optional<Cursor> CursorPlane::Query(PlaneKind kind,
                                         const PlaneLayout& primary, Time now,
                                         bool at_once) {
  if (now < ask_at_ || (now < due_at_ && !at_once)) return last_;
  const absl::StatusOr<vfio_device_gfx_plane_info> info =
      QueryCursorPlane(device_, kind);
  if (!info.ok()) {
    if (absl::IsUnavailable(info.status()) && ++failures_ < kMaxFailures)
      return last_;
    ask_at_ = now + kPause;
    return last_ = std::nullopt;
  }
  failures_ = 0;
  const CursorInfo parsed = ParseCursorInfo(*info, kind, primary);
  if (!parsed.is_pointer) {
    due_at_ = now + kPause;
    return last_ = std::nullopt;
  }
  Cursor cursor;
  if (parsed.visible) {
    cursor.visible = true;
    cursor.x_px = parsed.at.x_px;
    cursor.y_px = parsed.at.y_px;
    cursor.hot_spot = parsed.hot_spot;
    if (parsed.shape.has_value()) cursor.shape = ReadShape(*parsed.shape, now);
  }
  if (last_ != cursor) moved_at_ = now;
  const bool followed =
      moved_at_ != Time::min() && now - moved_at_ < kFollowedFor;
  due_at_ = followed         ? now
            : cursor.visible ? now + kStillPause
                             : now + kHiddenPause;
  return last_ = std::move(cursor);
}

std::optional<Cursor> CursorPlane::Hidden() {
  if (last_.has_value()) last_ = Cursor();
  return last_;
}

std::shared_ptr<const CursorShape> CursorPlane::ReadShape(
    const PlaneLayout& layout, Time now) {
  if (now < read_at_) return nullptr;
  std::vector<uint8_t> pixels;
  if (!ReadPixels(layout, pixels).ok()) {
    // A mapping that failed once stays so.
    memory_.Drop(PlaneMemory::Plane::kCursor);
    read_at_ = now + kPause;
    return nullptr;
  }
  if (shape_ != nullptr && shape_->size == layout.size &&
      shape_format_ == layout.format && shape_pixels_ == pixels) {
    return shape_;
  }
  auto shape = std::make_shared<CursorShape>();
  shape->size = layout.size;
  shape->bgra = ToStraightAlpha(layout, pixels);
  shape_ = std::move(shape);
  shape_format_ = layout.format;
  shape_pixels_ = std::move(pixels);
  return shape_;
}

// Rows without gaps, each byte loaded once.
absl::Status CursorPlane::ReadPixels(const PlaneLayout& layout,
                                     std::vector<uint8_t>& pixels) {
  ASSIGN_OR_RETURN(const SourceFormat format, FindSourceFormat(layout.format));
  ASSIGN_OR_RETURN(const std::shared_ptr<ForeignMemory> memory,
                   memory_.Get(PlaneMemory::Plane::kCursor, layout));
  const auto row_bytes = static_cast<size_t>(layout.size.width_px) *
                         static_cast<size_t>(format.row.bytes_per_pixel);
  pixels.reserve(row_bytes * static_cast<size_t>(layout.size.height_px));
  for (int32_t y = 0; y < layout.size.height_px; y += kRowsPerVisit) {
    const int32_t rows = std::min(kRowsPerVisit, layout.size.height_px - y);
    const uint64_t begin = uint64_t{layout.stride_bytes} * uint64_t(y);
    const uint64_t size =
        uint64_t{layout.stride_bytes} * uint64_t(rows - 1) + row_bytes;
    RETURN_IF_ERROR(
        memory->Visit(begin, size, [&](std::span<const uint8_t> bytes) {
          for (int32_t row = 0; row < rows; ++row) {
            const uint8_t* first =
                bytes.data() + size_t{layout.stride_bytes} * size_t(row);
            pixels.insert(pixels.end(), first, first + row_bytes);
          }
        }));
  }
  return absl::OkStatus();
}

}  // namespace oriel::capture
