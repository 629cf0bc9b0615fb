#include "capture/display/fake_frame_source.h"

#include <libdrm/drm_fourcc.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"

namespace oriel::capture {
namespace {

PlaneState PlaneOf(Size size) {
  PlaneState plane;
  plane.on = true;
  plane.size = size;
  plane.format = {DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_LINEAR};
  plane.stride_bytes = static_cast<uint32_t>(size.width_px) * kBytesPerPixel;
  return plane;
}

// Where `now` differs from `before` inside `tile`, tightly.
Rect ChangeInside(const Picture& now, const BandedPicture& before,
                  const Rect& tile) {
  int32_t left = tile.right_px();
  int32_t right = tile.x_px;
  int32_t top = tile.bottom_px();
  int32_t bottom = tile.y_px;
  for (int32_t y = tile.y_px; y < tile.bottom_px(); ++y) {
    for (int32_t x = tile.x_px; x < tile.right_px(); ++x) {
      if (std::memcmp(now.At(x, y), before.Row(y) + size_t(x) * kBytesPerPixel,
                      kBytesPerPixel) == 0) {
        continue;
      }
      left = std::min(left, x);
      right = std::max(right, x + 1);
      top = std::min(top, y);
      bottom = y + 1;
    }
  }
  if (left >= right) return {};
  return {left, top, right - left, bottom - top};
}

Damage ChangeBetween(const Picture& now, const BandedPicture& before) {
  constexpr int32_t kTileWidthPx = 64;
  Damage damage;
  for (int i = 0; i < before.band_count(); ++i) {
    const Rect band = before.BandRect(i);
    if (std::memcmp(now.At(0, band.y_px), before.Row(band.y_px),
                    now.stride_bytes() * size_t(band.height_px)) == 0) {
      continue;
    }
    for (int32_t x = 0; x < band.width_px; x += kTileWidthPx) {
      const Rect tile = {x, band.y_px, kTileWidthPx, band.height_px};
      damage.Add(ChangeInside(now, before, Intersection(tile, band)));
    }
  }
  return damage;
}

void CopyInto(BandedPicture& picture, const Picture& from,
              const Damage& damage) {
  for (int i = 0; i < picture.band_count(); ++i) {
    const Rect band = picture.BandRect(i);
    if (!damage.Intersects(band)) continue;
    std::memcpy(picture.MutableBand(i), from.At(0, band.y_px),
                picture.stride_bytes() * size_t(band.height_px));
  }
}

}  // namespace

class FakeFrameSource : public FrameSource {
 public:
  explicit FakeFrameSource(std::shared_ptr<FakeScreen> screen)
      : screen_(std::move(screen)),
        hangup_fd_(::eventfd(0, EFD_CLOEXEC)),
        hang_ups_(screen_->Join(hangup_fd_.get())) {}
  ~FakeFrameSource() override { screen_->Part(hangup_fd_.get()); }

  absl::StatusOr<Frame> Scan(const ScanRequest& request) override {
    const FakeScreen::State state = screen_->BeginScan();
    absl::StatusOr<Frame> frame = ScanState(state, request.now);
    scanned_ = frame.ok();
    screen_->EndScan();
    return frame;
  }

  bool IsAsScanned(Time /*now*/) override {
    const FakeScreen::State state = screen_->Look();
    return scanned_ && state.error.ok() && !revoked_.load() &&
           state.hang_ups == hang_ups_ && state.plane == plane_;
  }

  void Revoke() override { revoked_.store(true); }
  std::string description() const override { return "fake screen"; }
  int hangup_fd() const override { return hangup_fd_.get(); }

 private:
  absl::StatusOr<Frame> ScanState(const FakeScreen::State& state, Time now) {
    absl::Status error = state.error;
    if (revoked_.load()) error = absl::UnavailableError("revoked");
    if (state.hang_ups != hang_ups_) {
      error = absl::UnavailableError("the fake device hung up");
    }
    if (!error.ok()) {
      if (absl::IsUnavailable(error)) trusted_ = false;
      return error;
    }
    Damage damage;
    if (generation_ == 0 || !trusted_ || state.plane != plane_) {
      ++generation_;
      trusted_ = true;
      plane_ = state.plane;
      picture_ = BandedPicture(plane_.size);
      damage.Add(Rect::Of(plane_.size));
    } else if (plane_.on) {
      damage = ChangeBetween(state.picture, picture_);
    }
    CopyInto(picture_, state.picture, damage);
    Frame frame{.generation = generation_,
                .plane = plane_,
                .picture = picture_,
                .read_since = now,
                .damage = std::move(damage),
                .time = now,
                .cursor = state.cursor};
    if (state.pace.has_value()) frame.next_due = now + *state.pace;
    return frame;
  }

  const std::shared_ptr<FakeScreen> screen_;
  const UniqueFd hangup_fd_;
  const uint64_t hang_ups_;
  std::atomic<bool> revoked_{false};
  uint32_t generation_ = 0;
  bool trusted_ = true;
  bool scanned_ = false;  // the last scan did not fail
  PlaneState plane_;
  BandedPicture picture_;
};

FakeScreen::FakeScreen(Size size) {
  state_.plane = PlaneOf(size);
  state_.picture = Picture(size);
}

std::unique_ptr<FrameSource> FakeScreen::Open() {
  return std::make_unique<FakeFrameSource>(shared_from_this());
}

void FakeScreen::Draw(const std::function<void(Picture& picture)>& draw) {
  MutexLock lock(mutex_);
  draw(state_.picture);
}

void FakeScreen::Fill(const Rect& rect, uint32_t bgrx) {
  MutexLock lock(mutex_);
  const Rect part = Intersection(rect, Rect::Of(state_.picture.size()));
  for (int32_t y = part.y_px; y < part.bottom_px(); ++y) {
    for (int32_t x = part.x_px; x < part.right_px(); ++x) {
      uint8_t* pixel = state_.picture.MutableAt(x, y);
      pixel[0] = static_cast<uint8_t>(bgrx);
      pixel[1] = static_cast<uint8_t>(bgrx >> 8);
      pixel[2] = static_cast<uint8_t>(bgrx >> 16);
      pixel[3] = 0xFF;
    }
  }
}

Picture FakeScreen::picture() const {
  MutexLock lock(mutex_);
  return state_.picture;
}

void FakeScreen::SetMode(Size size) {
  MutexLock lock(mutex_);
  const bool converted = state_.plane.converted;
  state_.plane = PlaneOf(size);
  state_.plane.converted = converted;
  state_.picture = Picture(size);
}

void FakeScreen::TurnOff() {
  MutexLock lock(mutex_);
  state_.plane = {};
}

void FakeScreen::TurnOn() {
  MutexLock lock(mutex_);
  if (!state_.plane.on) state_.plane = PlaneOf(state_.picture.size());
}

void FakeScreen::SetConverted(bool converted) {
  MutexLock lock(mutex_);
  state_.plane.converted = converted;
}

void FakeScreen::SetCursor(std::optional<Cursor> cursor) {
  MutexLock lock(mutex_);
  state_.cursor = std::move(cursor);
}

void FakeScreen::SetPace(std::optional<Duration> pace) {
  MutexLock lock(mutex_);
  state_.pace = pace;
}

void FakeScreen::FailScans(absl::Status error) {
  MutexLock lock(mutex_);
  state_.error = std::move(error);
}

void FakeScreen::BlockScans() {
  MutexLock lock(mutex_);
  blocked_ = true;
}

void FakeScreen::UnblockScans() {
  MutexLock lock(mutex_);
  blocked_ = false;
  changed_.NotifyAll();
}

void FakeScreen::HangUp() {
  MutexLock lock(mutex_);
  ++state_.hang_ups;
  for (const int fd : hangup_fds_) ::eventfd_write(fd, 1);
}

int64_t FakeScreen::scans_begun() const {
  MutexLock lock(mutex_);
  return scans_begun_;
}

int64_t FakeScreen::scans_ended() const {
  MutexLock lock(mutex_);
  return scans_ended_;
}

int FakeScreen::open_sources() const {
  MutexLock lock(mutex_);
  return static_cast<int>(hangup_fds_.size());
}

void FakeScreen::AwaitScansBegun(int64_t count) {
  MutexLock lock(mutex_);
  while (scans_begun_ < count) changed_.Wait(mutex_);
}

void FakeScreen::AwaitScansEnded(int64_t count) {
  MutexLock lock(mutex_);
  while (scans_ended_ < count) changed_.Wait(mutex_);
}

void FakeScreen::AwaitFreshScan() {
  MutexLock lock(mutex_);
  // Those under way may have looked already, and any of them may end first.
  const int64_t count = scans_begun_ + 1;
  while (scans_ended_ < count) changed_.Wait(mutex_);
}

void FakeScreen::AwaitOpenSources(int count) {
  MutexLock lock(mutex_);
  while (static_cast<int>(hangup_fds_.size()) != count) changed_.Wait(mutex_);
}

FakeScreen::State FakeScreen::BeginScan() {
  MutexLock lock(mutex_);
  ++scans_begun_;
  changed_.NotifyAll();
  while (blocked_) changed_.Wait(mutex_);
  return state_;
}

FakeScreen::State FakeScreen::Look() {
  MutexLock lock(mutex_);
  ++looks_begun_;
  ++stuck_looks_;
  changed_.NotifyAll();
  while (blocked_) changed_.Wait(mutex_);
  --stuck_looks_;
  return state_;
}

void FakeScreen::AwaitLooksBegun(int64_t count) {
  MutexLock lock(mutex_);
  while (looks_begun_ < count) changed_.Wait(mutex_);
}

void FakeScreen::AwaitStuckLook() {
  MutexLock lock(mutex_);
  while (!blocked_ || stuck_looks_ == 0) changed_.Wait(mutex_);
}

int64_t FakeScreen::looks_begun() const {
  MutexLock lock(mutex_);
  return looks_begun_;
}

void FakeScreen::EndScan() {
  MutexLock lock(mutex_);
  ++scans_ended_;
  changed_.NotifyAll();
}

uint64_t FakeScreen::Join(int hangup_fd) {
  MutexLock lock(mutex_);
  hangup_fds_.push_back(hangup_fd);
  changed_.NotifyAll();
  return state_.hang_ups;
}

void FakeScreen::Part(int hangup_fd) {
  MutexLock lock(mutex_);
  std::erase(hangup_fds_, hangup_fd);
  changed_.NotifyAll();
}

}  // namespace oriel::capture
