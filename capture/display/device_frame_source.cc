#include "capture/display/device_frame_source.h"

#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "capture/damage/merge_rects.h"
#include "capture/damage/scan_plan.h"
#include "capture/display/cursor_plane.h"
#include "capture/display/pixel_convert.h"
#include "capture/display/plane_info.h"
#include "capture/display/plane_memory.h"
#include "capture/display/plane_query.h"
#include "capture/display/plane_reader.h"
#include "capture/region/foreign_memory.h"
#include "capture/region/read_speed.h"

namespace oriel::capture {
namespace {

constexpr int kMaxAttempts = 3;
// A plane in which nothing changes is asked for so often: each time costs a
// round trip to some devices, and a new mode is drawn, which is a change.
constexpr Duration kQueryPeriod = std::chrono::milliseconds(250);

// Of this thread on a processor, in the kernel too.
Duration ThreadTime() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) +
         std::chrono::nanoseconds(time.tv_nsec);
}

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
                    std::optional<VendorPlane> vendor, bool dma_bufs_allowed,
                    const ScanPace& pace)
      : device_(std::move(device)),
        vendor_(std::move(vendor)),
        dma_bufs_allowed_(dma_bufs_allowed),
        memory_(*device_),
        cursor_(*device_, memory_),
        plan_(pace) {}

  // Asks once, for the description; each scan asks again. Fails only where the
  // device does not answer.
  absl::Status Attach();

  absl::StatusOr<Frame> Scan(const ScanRequest& request) override;
  bool IsAsScanned(Time now) override;
  void Revoke() override;
  std::string description() const override ABSL_LOCKS_EXCLUDED(mutex_);
  int hangup_fd() const override { return device_->hangup_fd(); }
  std::string hangup_reason() const override {
    return device_->hangup_reason();
  }
  Device* device() override { return device_.get(); }

 private:
  absl::StatusOr<Frame> ScanNow(const ScanRequest& request);
  // Until the plane stays as it is while it is read.
  absl::StatusOr<Frame> ScanWhole(std::optional<PlaneLayout> layout, Time now);
  absl::StatusOr<Frame> ScanOnce(const std::optional<PlaneLayout>& layout,
                                 Time now);
  absl::StatusOr<Frame> ScanDue(Time now, bool wake);
  // Changed tiles' rectangles. `asked`: layout_ is what the device just said.
  // kAborted: it is not as it was.
  absl::StatusOr<std::vector<Rect>> ReadDue(const ScanTick& tick, bool asked,
                                            Time now);
  // Empty: it is off.
  absl::StatusOr<std::optional<PlaneLayout>> FindPlane(Time now)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Makes another reader for a plane that was not read before.
  absl::Status Begin(const PlaneLayout& layout, const SourceFormat& format,
                     ForeignMemory& memory, Time now);
  Frame NewFrame(Damage damage, Time now, Time begun) const;
  void NoteChanges(const std::vector<Rect>& changed, Time now);
  std::optional<Cursor> FindCursor(const std::optional<PlaneLayout>& layout,
                                   Time now, bool at_once);

  const std::unique_ptr<Device> device_;
  const std::optional<VendorPlane> vendor_;  // empty: by plane query
  const bool dma_bufs_allowed_;
  PlaneMemory memory_;

  // Only used by the capture thread. reader_'s picture is of layout_ and plan_
  // knows its tiles while trusted_.
  CursorPlane cursor_;
  std::optional<PlaneKind> kind_;  // empty: no plane was found yet
  uint32_t generation_ = 0;
  bool trusted_ = false;
  bool failed_ = false;                 // the scan before
  std::optional<PlaneLayout> layout_;   // empty: the plane was off
  PlaneState plane_;                    // the same for others
  uint64_t read_bytes_per_second_ = 0;  // of layout_'s memory
  PlaneReader reader_;
  ScanPlan plan_;
  Time query_due_ = Time::min();

  std::atomic<bool> revoked_{false};
  mutable Mutex mutex_;
  std::string place_ ABSL_GUARDED_BY(mutex_);  // "region 16"; empty: unknown
};

absl::Status DeviceFrameSource::Attach() {
  if (vendor_.has_value()) return absl::OkStatus();
  const absl::StatusOr<std::optional<PlaneLayout>> layout =
      FindPlane(Time::min());
  // A mode that cannot be read, or no plane at all, is the scans' to tell.
  if (kind_.has_value()) return absl::OkStatus();
  return absl::IsUnavailable(layout.status()) ? layout.status()
                                              : absl::OkStatus();
}

absl::StatusOr<Frame> DeviceFrameSource::Scan(const ScanRequest& request) {
  const Duration begun = ThreadTime();
  absl::StatusOr<Frame> frame = ScanNow(request);
  plan_.Charge(ThreadTime() - begun, request.now);
  failed_ = !frame.ok();
  if (frame.ok()) {
    frame->next_due =
        layout_.has_value() ? plan_.NextDue() : request.now + kQueryPeriod;
  }
  return frame;
}

// A guest that only shows another place of its memory has the same state; the
// next scan finds the place.
bool DeviceFrameSource::IsAsScanned(Time now) {
  if (failed_ || !trusted_) return false;
  const absl::StatusOr<std::optional<PlaneLayout>> layout = FindPlane(now);
  if (!layout.ok() || layout->has_value() != plane_.on) return false;
  if (!plane_.on) return true;
  if ((*layout)->size != plane_.size || (*layout)->format != plane_.format ||
      (*layout)->stride_bytes != plane_.stride_bytes) {
    return false;
  }
  if ((*layout)->dma_buf_id.has_value() || !SameShape(*layout, layout_))
    return true;
  // Memory that the guest switched off shows only when it is touched.
  const absl::StatusOr<std::shared_ptr<ForeignMemory>> memory =
      memory_.Get(PlaneMemory::Plane::kPrimary, *layout_);
  return memory.ok() && (*memory)
                            ->Visit(0, 1,
                                    [](std::span<const uint8_t> bytes) {
                                      // Volatile, or nothing would be loaded.
                                      const volatile uint8_t* first =
                                          bytes.data();
                                      static_cast<void>(*first);
                                    })
                            .ok();
}

absl::StatusOr<Frame> DeviceFrameSource::ScanNow(const ScanRequest& request) {
  if (request.whole || request.wake) plan_.Wake(request.now);
  if (!request.whole && !failed_ && trusted_ && layout_.has_value())
    return ScanDue(request.now, request.wake);
  ASSIGN_OR_RETURN(const std::optional<PlaneLayout> layout,
                   FindPlane(request.now));
  return ScanWhole(layout, request.now);
}

// A mode that changes while its plane is read leaves a picture of two.
absl::StatusOr<Frame> DeviceFrameSource::ScanWhole(
    std::optional<PlaneLayout> layout, Time now) {
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<Frame> frame = ScanOnce(layout, now);
    if (absl::IsUnavailable(frame.status()) || !layout.has_value())
      return frame;
    const bool complete = std::exchange(trusted_, false);
    ASSIGN_OR_RETURN(const std::optional<PlaneLayout> after, FindPlane(now));
    if (SameShape(layout, after)) {
      trusted_ = complete;
      if (frame.ok()) {
        frame->cursor = FindCursor(layout, now, /*at_once=*/true);
      }
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
  std::vector<Rect> changed;
  if (layout.has_value()) {
    ASSIGN_OR_RETURN(const SourceFormat format,
                     FindSourceFormat(layout->format));
    ASSIGN_OR_RETURN(const std::shared_ptr<ForeignMemory> memory,
                     memory_.Get(PlaneMemory::Plane::kPrimary, *layout));
    trusted_ = false;
    if (renewed) RETURN_IF_ERROR(Begin(*layout, format, *memory, now));
    ASSIGN_OR_RETURN(changed, reader_.TakeOverAll(*memory));
  } else {
    memory_.Drop(PlaneMemory::Plane::kPrimary);
    reader_ = PlaneReader();
    plane_ = {};
    read_bytes_per_second_ = 0;
  }
  trusted_ = true;
  layout_ = layout;
  if (renewed) ++generation_;
  Damage damage;
  if (renewed) {
    damage.Add(Rect::Of(plane_.size));
  } else if (layout.has_value()) {
    plan_.NoteWhole(now);
    NoteChanges(changed, now);
    damage = MergeTileRects(changed, plane_.size);
  }
  Frame frame = NewFrame(std::move(damage), now, begun);
  if (!layout.has_value()) frame.cursor = FindCursor(layout, now, true);
  return frame;
}

absl::Status DeviceFrameSource::Begin(const PlaneLayout& layout,
                                      const SourceFormat& format,
                                      ForeignMemory& memory, Time now) {
  ASSIGN_OR_RETURN(read_bytes_per_second_, MeasureReadSpeed(memory));
  reader_ = PlaneReader(layout, format.row, read_bytes_per_second_);
  plane_ = {true, layout.size, layout.format, layout.stride_bytes,
            format.converted};
  const double pass_seconds = double(layout.size.AreaPx()) *
                              double(format.row.bytes_per_pixel) /
                              double(read_bytes_per_second_);
  plan_.Begin(layout.size,
              std::chrono::duration_cast<Duration>(
                  std::chrono::duration<double>(pass_seconds)),
              now);
  return absl::OkStatus();
}

absl::StatusOr<Frame> DeviceFrameSource::ScanDue(Time now, bool wake) {
  const Time begun = Clock::now();
  const ScanTick tick = plan_.Take(now);
  if (tick.empty() && !wake) {
    Frame frame = NewFrame({}, now, begun);
    frame.cursor = cursor_.last();
    return frame;
  }
  // Where nothing differs nothing is kept, whatever the plane is now; so the
  // device is asked only now and then, but for which dma-buf it shows.
  const bool ask = now >= query_due_ || layout_->dma_buf_id.has_value();
  if (ask) {
    ASSIGN_OR_RETURN(const std::optional<PlaneLayout> layout, FindPlane(now));
    if (!SameShape(layout, layout_)) return ScanWhole(layout, now);
    layout_ = layout;
  }
  const absl::StatusOr<std::vector<Rect>> changed = ReadDue(tick, ask, now);
  if (absl::IsUnavailable(changed.status())) return changed.status();
  if (!changed.ok()) {
    ASSIGN_OR_RETURN(const std::optional<PlaneLayout> layout, FindPlane(now));
    return ScanWhole(layout, now);
  }
  Frame frame = NewFrame(MergeTileRects(*changed, plane_.size), now, begun);
  frame.cursor = FindCursor(layout_, now, wake);
  return frame;
}

absl::StatusOr<std::vector<Rect>> DeviceFrameSource::ReadDue(
    const ScanTick& tick, bool asked, Time now) {
  ASSIGN_OR_RETURN(const std::shared_ptr<ForeignMemory> memory,
                   memory_.Get(PlaneMemory::Plane::kPrimary, *layout_));
  ASSIGN_OR_RETURN(const bool differs,
                   reader_.Compare(*memory, tick, plan_.hot_tiles()));
  if (!differs) return std::vector<Rect>();
  const auto check = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const std::optional<PlaneLayout> layout, FindPlane(now));
    if (SameShape(layout, layout_)) return absl::OkStatus();
    return absl::AbortedError("the plane changed");
  };
  if (!asked) RETURN_IF_ERROR(check());
  trusted_ = false;
  ASSIGN_OR_RETURN(const std::vector<Rect> changed, reader_.TakeOver(*memory));
  RETURN_IF_ERROR(check());
  trusted_ = true;
  NoteChanges(changed, now);
  return changed;
}

void DeviceFrameSource::NoteChanges(const std::vector<Rect>& changed,
                                    Time now) {
  for (const Rect& rect : changed) {
    plan_.NoteChange(reader_.grid().TileOf(rect), now);
  }
}

Frame DeviceFrameSource::NewFrame(Damage damage, Time now, Time begun) const {
  Frame frame;
  frame.generation = generation_;
  frame.plane = plane_;
  frame.picture = reader_.picture();
  frame.read_since = layout_.has_value() ? plan_.read_since() : now;
  frame.damage = std::move(damage);
  frame.time = now;
  frame.scan_duration = Clock::now() - begun;
  frame.read_bytes_per_second = read_bytes_per_second_;
  return frame;
}

std::optional<Cursor> DeviceFrameSource::FindCursor(
    const std::optional<PlaneLayout>& layout, Time now, bool at_once) {
  if (!kind_.has_value()) return std::nullopt;
  if (!layout.has_value()) return cursor_.Hidden();
  std::optional<Cursor> cursor = cursor_.Query(*kind_, *layout, now, at_once);
  // Where the pointer goes something will happen.
  if (cursor_.moved_at() == now) plan_.Wake(now);
  return cursor;
}

absl::StatusOr<std::optional<PlaneLayout>> DeviceFrameSource::FindPlane(
    Time now) {
  if (revoked_.load()) {
    return absl::UnavailableError(
        absl::StrFormat("scan %s: it was let go", description()));
  }
  query_due_ = now + kQueryPeriod;
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
      std::move(device), std::move(plane), options.dma_bufs_allowed,
      options.pace);
  RETURN_IF_ERROR(source->Attach());
  return source;
}

}  // namespace oriel::capture
