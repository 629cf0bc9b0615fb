#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/mutex.h"
#include "base/picture/damage.h"
#include "base/picture/picture.h"
#include "clients/lib/pointer.h"

namespace oriel::clients {

// What the window says about its picture.
struct ScreenStatus {
  // False: the picture, if there is one, is old or not there yet, and the
  // message says why. With a live one, it says what is to be known of it.
  bool live = false;
  std::string message;
  std::string summary;  // the message in a word or two, for the title
  bool over = false;    // no picture will come any more
  std::string display;  // empty until it is known
  bool exact = false;
  std::string stats;  // the last second's; empty when there is none
};

// Hands the newest picture from the network's thread to the window's. Holds
// one picture; what is put before the window has taken the last one is merged
// with it. Thread-safe.
class Screen {
 public:
  // `wake` is called when there is something new, at most once before each
  // Take; from any thread, and must return at once.
  explicit Screen(std::function<void()> wake);

  // A picture of another size or none: everything is new.
  void Reset(Size size);
  // The rectangles of `damage` out of `picture`, which has the last Reset's
  // size.
  void Put(const Picture& picture, const Damage& damage);
  void SetStatus(const ScreenStatus& status);
  // To be drawn above the picture.
  void SetPointer(const Pointer& pointer);
  // Only the part that changes with each update.
  void SetExact(bool exact);

  // Calls `upload` for each new rectangle of the picture, with the lock held.
  struct Taken {
    Size size;
    bool resized = false;
    ScreenStatus status;
    Pointer pointer;
  };
  Taken Take(const std::function<void(const Taken&, const PictureView&,
                                      const Rect&)>& upload);
  // Makes the next Take deliver everything.
  void Invalidate();

 private:
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<void()> wake_;
  Mutex mutex_;
  Picture picture_ ABSL_GUARDED_BY(mutex_);
  Damage fresh_ ABSL_GUARDED_BY(mutex_);
  bool resized_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  Pointer pointer_ ABSL_GUARDED_BY(mutex_);
  ScreenStatus status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::clients
