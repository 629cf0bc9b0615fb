#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"
#include "base/picture/pixel_format.h"

namespace oriel::capture {

class Device;

// What a display's primary plane was at a scan.
struct PlaneState {
  // Off: the device scans out nothing, often because the guest's driver has
  // not started; the fields below are then zero.
  bool on = false;
  Size size;
  PixelFormat format;
  uint32_t stride_bytes = 0;
  // True when the plane has more than eight bits a channel: Oriel's picture
  // is then a conversion, and no viewer of it is called exact.
  bool converted = false;

  friend bool operator==(const PlaneState&, const PlaneState&) = default;
};

// What a pointer looks like: rows of straight-alpha BGRA without gaps.
struct CursorShape {
  Size size;
  std::vector<uint8_t> bgra;
};

// The pointer, where the device has a plane of its own for it.
struct Cursor {
  // False: the pointer is nowhere; the fields below then mean nothing.
  bool visible = false;
  // Of the shape's left upper corner in the picture; can be outside.
  int32_t x_px = 0;
  int32_t y_px = 0;
  // From the shape's left upper corner; empty: the device does not tell.
  std::optional<Point> hot_spot;
  // The same pointer as long as the shape stays. Null when it cannot be read,
  // and when the pointer is nowhere.
  std::shared_ptr<const CursorShape> shape;

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

struct ScanRequest {
  // Implicit: who says nothing else wants to see all of the plane.
  ScanRequest(Time now,
              bool whole = true)  // NOLINT(google-explicit-constructor)
      : now(now), whole(whole) {}

  Time now;
  // All of it is read. False: what the source finds due, often nothing.
  bool whole;
  // The screen is about to change: the source looks often again.
  bool wake = false;
};

// One scan's result; immutable once handed on.
struct Frame {
  // Rises by one with every change of `plane`; starts at 1.
  uint32_t generation = 0;
  PlaneState plane;
  // What all scans of this generation have read, each pixel as it was last
  // read; empty when the plane is off. An update is called exact that equals
  // this: it can differ from the plane in what the guest has drawn since
  // read_since, where no scan has looked yet.
  BandedPicture picture;
  // Every pixel was read, or compared without a difference, at this time or
  // later; `time` itself after a scan of the whole plane.
  Time read_since;
  // What changed since the frame before; everything in a new generation.
  Damage damage;
  Time time;  // when the scan began
  Duration scan_duration{};
  // Scan again then; whole scans may come at any time. Empty: as often as the
  // display's rate allows.
  std::optional<Time> next_due;
  // How fast a processor reads the plane, measured when it was mapped; 0 when
  // the plane is off.
  uint64_t read_bytes_per_second = 0;
  // Empty: the device has no cursor plane, or one that only repeats the primary
  // plane; a pointer is then in the picture.
  std::optional<Cursor> cursor;
};

// Where a display's frames come from. Thread-bound to its capture thread,
// except Revoke and description.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  // Reads the plane, or what of it is due. kUnavailable: the device has gone,
  // attach again later; other errors (memory that the guest switched off, an
  // unsupported format, rows beyond the region) describe a plane that cannot
  // be shown as it is now, and a later scan may succeed.
  virtual absl::StatusOr<Frame> Scan(const ScanRequest& request) = 0;

  // Whether a scan would find the same plane state as the last one did, or
  // might not: false where only a scan can tell. For a display that nobody
  // watches: costs a question to the device, and reads one byte at most.
  virtual bool IsAsScanned(Time now) = 0;

  // Lets go of the mapping and waits for nothing: a band under way unmaps at
  // its end. Any thread.
  virtual void Revoke() = 0;

  // "region 16 (plane query) of mdev 83b8...". Any thread.
  virtual std::string description() const = 0;

  // See Device::hangup_fd and hangup_reason. Any thread.
  virtual int hangup_fd() const = 0;
  virtual std::string hangup_reason() const { return {}; }

  // For calls beside the scan, on the capture thread; null where there is no
  // device behind it. The source's own.
  virtual Device* device() { return nullptr; }
};

}  // namespace oriel::capture
