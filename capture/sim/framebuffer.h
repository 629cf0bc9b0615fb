#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "base/picture/rect.h"
#include "capture/sim/scene.h"

namespace oriel::capture::sim {

// Where a picture lies in the framebuffer region.
struct Plane {
  uint32_t fourcc = 0;
  Size size;
  uint32_t stride_bytes = 0;
  uint64_t offset_bytes = 0;  // of the first pixel in the region
};

enum class Life {
  kOn,
  kOff,    // the memory is nobody's screen now
  kEnded,  // nor will it ever again: another framebuffer takes its place
};

// The memory behind the virtual vGPU's framebuffer region: a file that clients
// map. Thread-compatible.
class Framebuffer {
 public:
  virtual ~Framebuffer() = default;

  // Opened for reading only; the region is its bytes from 0 on. Owned by this.
  virtual int fd() const = 0;
  // A multiple of the page size; never changes.
  virtual uint64_t region_size_bytes() const = 0;
  virtual Plane plane() const = 0;

  // All of `out`; the caller has checked the bounds. Bytes of the last page
  // that the file does not have are 0.
  virtual absl::Status Read(uint64_t offset, std::span<uint8_t> out) const = 0;

  // The largest mode that SetMode takes.
  virtual Size max_size() const = 0;
  // A picture of fixed size keeps it and says so by success: a monitor that is
  // plugged in does not oblige the guest to change its mode.
  virtual absl::Status SetMode(Size size) = 0;

  // As the last Draw found it, and why it is not on.
  virtual Life life() const { return Life::kOn; }
  virtual std::string why_not_on() const { return ""; }

  virtual void Draw(const SceneTime& time) = 0;
  virtual std::optional<Duration> NextChange(const SceneTime& time) const = 0;
};

}  // namespace oriel::capture::sim
