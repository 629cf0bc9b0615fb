#include "capture/display/device_frame_source.h"

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "capture/damage/merge_rects.h"
#include "capture/damage/tile_scan.h"
#include "capture/display/cursor_plane.h"
#include "capture/display/pixel_convert.h"
#include "capture/display/plane_info.h"
#include "capture/display/plane_memory.h"
#include "capture/display/plane_query.h"
#include "capture/region/foreign_memory.h"
#include "capture/region/read_speed.h"

namespace oriel::capture {
namespace {

constexpr int kMaxAttempts = 3;

// What the configuration says, in the region that has the type.
struct VendorPlane {
  RegionType type;
  PlaneLayout layout;
};

bool SameShape(const std::optional<PlaneLayout>& a,
               const std::optional<PlaneLayout>& b) {
  if (!a.has_value() || !b.has_value()) return a.has_value() == b.has_value();
  return SameShape(*a, *b);
}

class DeviceFrameSource : public FrameSource {
 public:
  DeviceFrameSource(std::unique_ptr<Device> device,
                    std::optional<VendorPlane> vendor, bool dma_bufs_allowed)
      : device_(std::move(device)),
        vendor_(std::move(vendor)),
        dma_bufs_allowed_(dma_bufs_allowed),
        memory_(*device_),
        cursor_(*device_, memory_) {}

  // Asks once, for the description; each scan asks again. Fails only where the
  // device does not answer.
  absl::Status Attach();

  absl::StatusOr<Frame> Scan(Time now) override;
  void Revoke() override;
  std::string description() const override ABSL_LOCKS_EXCLUDED(mutex_);
  int hangup_fd() const override { return device_->hangup_fd(); }
  std::string hangup_reason() const override {
    return device_->hangup_reason();
  }
  Device* device() override { return device_.get(); }

 private:
  absl::StatusOr<Frame> ScanOnce(const std::optional<PlaneLayout>& layout,
                                 Time now);
  // Empty: it is off.
  absl::StatusOr<std::optional<PlaneLayout>> FindPlane()
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Makes copy_ the plane's content; the changed tiles' rectangles.
  absl::StatusOr<std::vector<Rect>> ScanBands(ForeignMemory& memory,
                                              const PlaneLayout& layout,
                                              const RowFormat& row);
  std::optional<Cursor> FindCursor(const std::optional<PlaneLayout>& layout,
                                   Time now);

  const std::unique_ptr<Device> device_;
  const std::optional<VendorPlane> vendor_;  // empty: by plane query
  const bool dma_bufs_allowed_;
  PlaneMemory memory_;

  // Only used by the capture thread. copy_ is of layout_ and complete while
  // trusted_.
  CursorPlane cursor_;
  std::optional<PlaneKind> kind_;  // empty: no plane was found yet
  uint32_t generation_ = 0;
  bool trusted_ = false;
  std::optional<PlaneLayout> layout_;   // empty: the plane was off
  uint64_t read_bytes_per_second_ = 0;  // of layout_'s memory
  PlaneCopy copy_;

  std::atomic<bool> revoked_{false};
  mutable Mutex mutex_;
  std::string place_ ABSL_GUARDED_BY(mutex_);  // "region 16"; empty: unknown
};

absl::Status DeviceFrameSource::Attach() {
  if (vendor_.has_value()) return absl::OkStatus();
  const absl::StatusOr<std::optional<PlaneLayout>> layout = FindPlane();
  // A mode that cannot be read, or no plane at all, is the scans' to tell.
  if (kind_.has_value()) return absl::OkStatus();
  return absl::IsUnavailable(layout.status()) ? layout.status()
                                              : absl::OkStatus();
}

// A mode that changes while its plane is read leaves a picture of two.
absl::StatusOr<Frame> DeviceFrameSource::Scan(Time now) {
  ASSIGN_OR_RETURN(std::optional<PlaneLayout> layout, FindPlane());
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<Frame> frame = ScanOnce(layout, now);
    if (absl::IsUnavailable(frame.status()) || !layout.has_value())
      return frame;
    const bool complete = std::exchange(trusted_, false);
    ASSIGN_OR_RETURN(const std::optional<PlaneLayout> after, FindPlane());
    if (SameShape(layout, after)) {
      trusted_ = complete;
      if (frame.ok()) frame->cursor = FindCursor(layout, now);
      return frame;
    }
    if (attempt == kMaxAttempts) {
      return absl::AbortedError(
          absl::StrFormat("scan %s: it changed %d times while it was read",
                          description(), attempt));
    }
    layout = after;
  }
}

absl::StatusOr<Frame> DeviceFrameSource::ScanOnce(
    const std::optional<PlaneLayout>& layout, Time now) {
  const Time begun = Clock::now();
  const bool renewed = !trusted_ || !SameShape(layout, layout_);
  Frame frame;
  if (layout.has_value()) {
    ASSIGN_OR_RETURN(const SourceFormat format,
                     FindSourceFormat(layout->format));
    ASSIGN_OR_RETURN(const std::shared_ptr<ForeignMemory> memory,
                     memory_.Get(PlaneMemory::Plane::kPrimary, *layout));
    if (renewed) copy_ = PlaneCopy(layout->size, format.row);
    trusted_ = false;
    if (renewed) {
      ASSIGN_OR_RETURN(read_bytes_per_second_, MeasureReadSpeed(*memory));
    }
    ASSIGN_OR_RETURN(const std::vector<Rect> changed,
                     ScanBands(*memory, *layout, format.row));
    frame.plane = {true, layout->size, layout->format, layout->stride_bytes,
                   format.converted};
    frame.read_bytes_per_second = read_bytes_per_second_;
    frame.damage = renewed ? Damage(Rect::Of(layout->size))
                           : MergeTileRects(changed, layout->size);
  } else {
    memory_.Drop(PlaneMemory::Plane::kPrimary);
    copy_ = PlaneCopy();
    frame.cursor = FindCursor(layout, now);
  }
  trusted_ = true;
  layout_ = layout;
  if (renewed) ++generation_;
  frame.generation = generation_;
  frame.picture = copy_.picture();
  frame.time = now;
  frame.scan_duration = Clock::now() - begun;
  return frame;
}

std::optional<Cursor> DeviceFrameSource::FindCursor(
    const std::optional<PlaneLayout>& layout, Time now) {
  if (!kind_.has_value()) return std::nullopt;
  if (!layout.has_value()) return cursor_.Hidden();
  return cursor_.Query(*kind_, *layout, now);
}

absl::StatusOr<std::optional<PlaneLayout>> DeviceFrameSource::FindPlane() {
  if (revoked_.load()) {
    return absl::UnavailableError(
        absl::StrFormat("scan %s: it was let go", description()));
  }
  if (vendor_.has_value()) return vendor_->layout;
  if (!kind_.has_value()) {
    ASSIGN_OR_RETURN(kind_, ProbePlaneKind(*device_, dma_bufs_allowed_));
  }
  absl::StatusOr<std::optional<PlaneLayout>> layout =
      QueryPrimaryPlane(*device_, *kind_);
  if (layout.ok() && layout->has_value()) {
    MutexLock lock(mutex_);
    place_ = (*layout)->dma_buf_id.has_value()
                 ? "dma-bufs"
                 : absl::StrFormat("region %u", (*layout)->region_index);
  }
  return layout;
}

absl::StatusOr<std::vector<Rect>> DeviceFrameSource::ScanBands(
    ForeignMemory& memory, const PlaneLayout& layout, const RowFormat& row) {
  const uint64_t row_bytes =
      uint64_t(layout.size.width_px) * uint64_t(row.bytes_per_pixel);
  std::vector<Rect> changed;
  for (int i = 0; i < copy_.picture().band_count(); ++i) {
    const Rect band = copy_.picture().BandRect(i);
    const uint64_t begin = uint64_t{layout.stride_bytes} * uint64_t(band.y_px);
    const uint64_t size =
        uint64_t{layout.stride_bytes} * uint64_t(band.height_px - 1) +
        row_bytes;
    RETURN_IF_ERROR(
        memory.Visit(begin, size, [&](std::span<const uint8_t> bytes) {
          copy_.Take({bytes.data(), layout.stride_bytes}, band, changed);
        }));
  }
  return changed;
}

void DeviceFrameSource::Revoke() {
  revoked_.store(true);
  memory_.Revoke();
}

std::string DeviceFrameSource::description() const {
  if (vendor_.has_value()) {
    return absl::StrFormat("region %u (type %#x, subtype %u) of %s",
                           vendor_->layout.region_index, vendor_->type.type,
                           vendor_->type.subtype, device_->description());
  }
  MutexLock lock(mutex_);
  if (place_.empty())
    return absl::StrFormat("plane query of %s", device_->description());
  return absl::StrFormat("%s (plane query) of %s", place_,
                         device_->description());
}

absl::StatusOr<VendorPlane> FindVendorPlane(Device& device,
                                            const VendorFramebuffer& vendor) {
  ASSIGN_OR_RETURN(const Region region, FindRegion(device, vendor.region_type));
  VendorPlane plane;
  plane.type = vendor.region_type;
  plane.layout.format = vendor.format;
  plane.layout.size = vendor.size;
  plane.layout.stride_bytes = vendor.stride_bytes;
  plane.layout.region_index = region.address.index;
  plane.layout.offset_bytes = vendor.offset_bytes;
  RETURN_IF_ERROR(CheckPlaneLayout(plane.layout));
  RETURN_IF_ERROR(CheckPlaneFits(plane.layout, region));
  return plane;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FrameSource>> OpenDeviceFrameSource(
    std::unique_ptr<Device> device, const FrameSourceOptions& options) {
  std::optional<VendorPlane> plane;
  if (options.framebuffer.has_value()) {
    ASSIGN_OR_RETURN(plane, FindVendorPlane(*device, *options.framebuffer));
  }
  auto source = std::make_unique<DeviceFrameSource>(
      std::move(device), std::move(plane), options.dma_bufs_allowed);
  RETURN_IF_ERROR(source->Attach());
  return source;
}

}  // namespace oriel::capture
