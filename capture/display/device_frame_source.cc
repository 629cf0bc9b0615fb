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
#include "capture/display/pixel_convert.h"
#include "capture/display/plane_info.h"
#include "capture/display/plane_query.h"
#include "capture/region/foreign_memory.h"

namespace oriel::capture {
namespace {

// What the configuration says, in the region that has the type.
struct VendorPlane {
  RegionType type;
  PlaneLayout layout;
};

class DeviceFrameSource : public FrameSource {
 public:
  DeviceFrameSource(std::unique_ptr<Device> device,
                    std::optional<VendorPlane> vendor,
                    std::optional<uint32_t> region_index)
      : device_(std::move(device)),
        vendor_(std::move(vendor)),
        region_index_(region_index) {}

  absl::StatusOr<Frame> Scan(Time now) override;
  void Revoke() override ABSL_LOCKS_EXCLUDED(mutex_);
  std::string description() const override ABSL_LOCKS_EXCLUDED(mutex_);
  int hangup_fd() const override { return device_->hangup_fd(); }
  std::string hangup_reason() const override {
    return device_->hangup_reason();
  }
  Device* device() override { return device_.get(); }

 private:
  absl::StatusOr<Frame> ScanOnce(Time now);
  absl::StatusOr<std::optional<PlaneLayout>> FindPlane();
  // The pixels of `layout`, mapped anew unless they are mapped already.
  absl::StatusOr<std::shared_ptr<ForeignMemory>> MemoryOf(
      const PlaneLayout& layout) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Keep(std::shared_ptr<ForeignMemory> memory,
                    const PlaneLayout& layout) ABSL_LOCKS_EXCLUDED(mutex_);
  void DropMemory() ABSL_LOCKS_EXCLUDED(mutex_);
  // Makes picture_ the plane's content; the changed tiles' rectangles.
  absl::StatusOr<std::vector<Rect>> ScanBands(ForeignMemory& memory,
                                              const PlaneLayout& layout,
                                              const RowFormat& row);

  const std::unique_ptr<Device> device_;
  const std::optional<VendorPlane> vendor_;  // empty: by plane query

  // Only used by the capture thread. picture_ is of layout_ and complete while
  // trusted_.
  uint32_t generation_ = 0;
  bool trusted_ = false;
  std::optional<PlaneLayout> layout_;  // empty: the plane was off
  std::optional<PlaneLayout> mapped_layout_;
  BandedPicture picture_;

  std::atomic<bool> revoked_{false};
  mutable Mutex mutex_;
  std::shared_ptr<ForeignMemory> memory_ ABSL_GUARDED_BY(mutex_);
  std::optional<uint32_t> region_index_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<Frame> DeviceFrameSource::Scan(Time now) {
  absl::StatusOr<Frame> frame = ScanOnce(now);
  // Part of the picture may be zeros in place of memory that was switched off,
  // and a mapping that failed once stays so.
  if (absl::IsUnavailable(frame.status())) {
    trusted_ = false;
    DropMemory();
  }
  return frame;
}

absl::StatusOr<Frame> DeviceFrameSource::ScanOnce(Time now) {
  const Time begun = Clock::now();
  ASSIGN_OR_RETURN(const std::optional<PlaneLayout> layout, FindPlane());
  const bool renewed = !trusted_ || layout != layout_;
  Frame frame;
  if (layout.has_value()) {
    ASSIGN_OR_RETURN(const SourceFormat format,
                     FindSourceFormat(layout->format));
    ASSIGN_OR_RETURN(const std::shared_ptr<ForeignMemory> memory,
                     MemoryOf(*layout));
    if (renewed) picture_ = BandedPicture(layout->size);
    trusted_ = false;
    ASSIGN_OR_RETURN(const std::vector<Rect> changed,
                     ScanBands(*memory, *layout, format.row));
    frame.plane = {true, layout->size, layout->format, layout->stride_bytes,
                   format.converted};
    frame.damage = renewed ? Damage(Rect::Of(layout->size))
                           : MergeTileRects(changed, layout->size);
  } else {
    DropMemory();
    picture_ = BandedPicture();
  }
  trusted_ = true;
  layout_ = layout;
  if (renewed) ++generation_;
  frame.generation = generation_;
  frame.picture = picture_;
  frame.time = now;
  frame.scan_duration = Clock::now() - begun;
  return frame;
}

absl::StatusOr<std::optional<PlaneLayout>> DeviceFrameSource::FindPlane() {
  if (revoked_.load()) {
    return absl::UnavailableError(
        absl::StrFormat("scan %s: it was let go", description()));
  }
  if (vendor_.has_value()) return vendor_->layout;
  return QueryRegionPlane(*device_);
}

absl::StatusOr<std::shared_ptr<ForeignMemory>> DeviceFrameSource::MemoryOf(
    const PlaneLayout& layout) {
  {
    MutexLock lock(mutex_);
    if (memory_ != nullptr && mapped_layout_ == layout) return memory_;
  }
  DropMemory();
  // The index may lie beyond the device's count of regions: mdpy's does.
  ASSIGN_OR_RETURN(const Region region,
                   QueryRegion(*device_, layout.region_index));
  RETURN_IF_ERROR(CheckPlaneFits(layout, region));
  ASSIGN_OR_RETURN(std::shared_ptr<ForeignMemory> memory,
                   ForeignMemory::Map(*device_, region, layout.offset_bytes,
                                      ImageBytes(layout)));
  RETURN_IF_ERROR(Keep(memory, layout));
  return memory;
}

absl::Status DeviceFrameSource::Keep(std::shared_ptr<ForeignMemory> memory,
                                     const PlaneLayout& layout) {
  MutexLock lock(mutex_);
  if (revoked_.load()) {
    return absl::UnavailableError(
        absl::StrFormat("map region %u of %s: it was let go",
                        layout.region_index, device_->description()));
  }
  memory_ = std::move(memory);
  mapped_layout_ = layout;
  region_index_ = layout.region_index;
  return absl::OkStatus();
}

void DeviceFrameSource::DropMemory() {
  MutexLock lock(mutex_);
  memory_ = nullptr;
  mapped_layout_.reset();
}

absl::StatusOr<std::vector<Rect>> DeviceFrameSource::ScanBands(
    ForeignMemory& memory, const PlaneLayout& layout, const RowFormat& row) {
  const uint64_t row_bytes =
      uint64_t(layout.size.width_px) * uint64_t(row.bytes_per_pixel);
  std::vector<Rect> changed;
  for (int i = 0; i < picture_.band_count(); ++i) {
    const Rect band = picture_.BandRect(i);
    const uint64_t begin = uint64_t{layout.stride_bytes} * uint64_t(band.y_px);
    const uint64_t size =
        uint64_t{layout.stride_bytes} * uint64_t(band.height_px - 1) +
        row_bytes;
    RETURN_IF_ERROR(
        memory.Visit(begin, size, [&](std::span<const uint8_t> bytes) {
          ScanTiles({bytes.data(), layout.stride_bytes}, row, band, picture_,
                    changed);
        }));
  }
  return changed;
}

void DeviceFrameSource::Revoke() {
  revoked_.store(true);
  std::shared_ptr<ForeignMemory> memory;
  {
    MutexLock lock(mutex_);
    memory = memory_;
  }
  // Outside the lock: waits for the band under way.
  if (memory != nullptr) memory->Revoke();
}

std::string DeviceFrameSource::description() const {
  std::optional<uint32_t> region_index;
  {
    MutexLock lock(mutex_);
    region_index = region_index_;
  }
  if (vendor_.has_value()) {
    return absl::StrFormat("region %u (type %#x, subtype %u) of %s",
                           vendor_->layout.region_index, vendor_->type.type,
                           vendor_->type.subtype, device_->description());
  }
  if (!region_index.has_value()) {
    return absl::StrFormat("plane query of %s", device_->description());
  }
  return absl::StrFormat("region %u (plane query) of %s", *region_index,
                         device_->description());
}

absl::StatusOr<VendorPlane> FindVendorPlane(Device& device,
                                            const VendorFramebuffer& vendor) {
  ASSIGN_OR_RETURN(const Region region, FindRegion(device, vendor.region_type));
  VendorPlane plane;
  plane.type = vendor.region_type;
  plane.layout = {vendor.format, vendor.size, vendor.stride_bytes,
                  region.address.index, vendor.offset_bytes};
  RETURN_IF_ERROR(CheckPlaneLayout(plane.layout));
  RETURN_IF_ERROR(CheckPlaneFits(plane.layout, region));
  return plane;
}

// For the description only; each scan asks again.
std::optional<uint32_t> FirstRegionIndex(Device& device) {
  const absl::StatusOr<std::optional<PlaneLayout>> layout =
      QueryRegionPlane(device);
  if (!layout.ok() || !layout->has_value()) return std::nullopt;
  return (*layout)->region_index;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FrameSource>> OpenDeviceFrameSource(
    std::unique_ptr<Device> device, const FrameSourceOptions& options) {
  std::optional<VendorPlane> plane;
  std::optional<uint32_t> region_index;
  if (options.framebuffer.has_value()) {
    ASSIGN_OR_RETURN(plane, FindVendorPlane(*device, *options.framebuffer));
    region_index = plane->layout.region_index;
  } else {
    RETURN_IF_ERROR(ProbeRegionPlane(*device));
    region_index = FirstRegionIndex(*device);
  }
  return std::make_unique<DeviceFrameSource>(std::move(device),
                                             std::move(plane), region_index);
}

}  // namespace oriel::capture
