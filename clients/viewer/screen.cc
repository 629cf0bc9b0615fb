#include "clients/viewer/screen.h"

#include <cstring>
#include <utility>

namespace oriel::clients {

Screen::Screen(std::function<void()> wake) : wake_(std::move(wake)) {}

void Screen::Wake() {
  if (std::exchange(woken_, true)) return;
  wake_();
}

void Screen::Reset(Size size) {
  MutexLock lock(mutex_);
  picture_ = Picture(size);
  fresh_ = Damage(Rect::Of(size));
  resized_ = true;
  Wake();
}

void Screen::Put(const Picture& picture, const Damage& damage) {
  MutexLock lock(mutex_);
  if (picture.size() != picture_.size()) return;
  for (const Rect& rect : damage.Rects()) {
    for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
      std::memcpy(picture_.MutableAt(rect.x_px, y), picture.At(rect.x_px, y),
                  size_t(rect.width_px) * kBytesPerPixel);
    }
  }
  fresh_.Add(damage);
  Wake();
}

void Screen::SetStatus(const ScreenStatus& status) {
  MutexLock lock(mutex_);
  status_ = status;
  Wake();
}

void Screen::SetPointer(const Pointer& pointer) {
  MutexLock lock(mutex_);
  pointer_ = pointer;
  Wake();
}

void Screen::SetExact(bool exact) {
  MutexLock lock(mutex_);
  if (std::exchange(status_.exact, exact) != exact) Wake();
}

Screen::Taken Screen::Take(
    const std::function<void(const Taken&, const PictureView&, const Rect&)>&
        upload) {
  MutexLock lock(mutex_);
  woken_ = false;
  Taken taken;
  taken.size = picture_.size();
  taken.resized = std::exchange(resized_, false);
  taken.status = status_;
  taken.pointer = pointer_;
  for (const Rect& rect : fresh_.Rects()) {
    upload(taken, picture_.view(), rect);
  }
  fresh_.Clear();
  return taken;
}

void Screen::Invalidate() {
  MutexLock lock(mutex_);
  fresh_ = Damage(Rect::Of(picture_.size()));
  resized_ = true;
  Wake();
}

}  // namespace oriel::clients
