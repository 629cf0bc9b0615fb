#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/picture/picture.h"
#include "capture/display/frame_source.h"

namespace oriel::capture {

// A screen that a test draws on while sources scan it; it starts black and on.
// Make it with std::make_shared: its sources keep it alive. A scan sees each
// call below whole or not at all. Thread-safe.
class FakeScreen : public std::enable_shared_from_this<FakeScreen> {
 public:
  explicit FakeScreen(Size size);

  // A source as the device's own would be: generation 1 comes first. Any
  // number may be open at the same time.
  std::unique_ptr<FrameSource> Open();

  void Draw(const std::function<void(Picture& picture)>& draw);
  // `bgrx` as it lies in memory read as a little-endian number: 0xFFRRGGBB.
  void Fill(const Rect& rect, uint32_t bgrx);
  Picture picture() const;

  // Black in the new size; turns the plane on.
  void SetMode(Size size);
  void TurnOff();
  void TurnOn();
  void SetConverted(bool converted);
  // The pointer on its own plane; empty, as at first: there is no such plane.
  void SetCursor(std::optional<Cursor> cursor);

  // Scans say that the next one is due after `pace`; as at first without: as
  // often as the display's rate allows. Each reads everything all the same.
  void SetPace(std::optional<Duration> pace);

  // Every scan returns `error` until it is OK again; as with a real device the
  // next good scan begins a new generation when `error` is kUnavailable.
  void FailScans(absl::Status error);
  // Scans and looks begun from now on wait, as in a device call that never
  // returns: not even Revoke ends that.
  void BlockScans();
  void UnblockScans();
  // Makes every open source's hangup_fd readable and its scans kUnavailable.
  void HangUp();

  // Scans that have begun (ended, with or without error), and sources that
  // are open now.
  int64_t scans_begun() const;
  int64_t scans_ended() const;
  int open_sources() const;
  // Of FrameSource::IsAsScanned; they are no scans.
  void AwaitLooksBegun(int64_t count);
  int64_t looks_begun() const;
  // Returns once one waits because scans are blocked.
  void AwaitStuckLook();
  // Returns once that many scans have begun or ended since the screen was
  // made, or that many sources are open.
  void AwaitScansBegun(int64_t count);
  void AwaitScansEnded(int64_t count);
  // Returns once a scan that began after this call has ended: it saw all that
  // was drawn before.
  void AwaitFreshScan();
  void AwaitOpenSources(int count);

 private:
  friend class FakeFrameSource;
  struct State {
    PlaneState plane;
    Picture picture;
    std::optional<Cursor> cursor;
    std::optional<Duration> pace;
    absl::Status error;
    uint64_t hang_ups = 0;
  };

  // Block while scans are blocked.
  State BeginScan();
  State Look();
  void EndScan();
  uint64_t Join(int hangup_fd);
  void Part(int hangup_fd);

  mutable Mutex mutex_;
  CondVar changed_;
  State state_ ABSL_GUARDED_BY(mutex_);
  bool blocked_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t scans_begun_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t scans_ended_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t looks_begun_ ABSL_GUARDED_BY(mutex_) = 0;
  int stuck_looks_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<int> hangup_fds_ ABSL_GUARDED_BY(mutex_);  // one a source
};

}  // namespace oriel::capture
