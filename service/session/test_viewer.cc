#include "service/session/test_viewer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/picture/damage.h"
#include "encoder/band_hash.h"
#include "service/session/test_wire.h"

namespace oriel::session {

void TestViewer::Connect(std::shared_ptr<Viewer> viewer) {
  {
    MutexLock lock(mutex_);
    handle_ = std::move(viewer);
    connected_ = true;
    if (held_ || !std::exchange(under_way_, false)) return;
  }
  Finish();
}

void TestViewer::Finish() {
  if (acknowledges_) {
    ViewerControl control;
    {
      MutexLock lock(mutex_);
      control.applied_sequence = seen_.sequence;
      control.received_update_count = seen_.updates.size();
      control.paused = paused_;
    }
    const absl::Status status = handle_->Control(control);
    MutexLock lock(mutex_);
    if (!status.ok()) Violation(std::string(status.message()));
  }
  handle_->OnWritten();
}

void TestViewer::SetPaused(bool paused) {
  {
    MutexLock lock(mutex_);
    paused_ = paused;
  }
  EXPECT_TRUE(handle_->Control({.paused = paused}).ok());
}

void TestViewer::Hold() {
  MutexLock lock(mutex_);
  held_ = true;
}

void TestViewer::Release() {
  {
    MutexLock lock(mutex_);
    held_ = false;
    if (!connected_ || !std::exchange(under_way_, false)) return;
  }
  Finish();
}

void TestViewer::ReleaseOne() {
  {
    MutexLock lock(mutex_);
    if (!std::exchange(under_way_, false)) return;
  }
  Finish();
}

TestViewer::Seen TestViewer::seen() const {
  MutexLock lock(mutex_);
  return seen_;
}

TestViewer::Seen TestViewer::Await(
    const std::function<bool(const Seen&)>& enough) {
  MutexLock lock(mutex_);
  while (!enough(seen_)) changed_.Wait(mutex_);
  return seen_;
}

TestViewer::Seen TestViewer::AwaitPicture(const Picture& picture) {
  return Await(
      [&](const Seen& seen) { return seen.picture == picture && !seen.torn; });
}

void TestViewer::AwaitStuck() {
  MutexLock lock(mutex_);
  while (!(held_ && under_way_)) changed_.Wait(mutex_);
}

void TestViewer::Write(WireMessagePtr message) {
  {
    MutexLock lock(mutex_);
    if (under_way_) Violation("a write while another is under way");
    if (seen_.closed) Violation("a write after the end");
    ++seen_.messages;
    under_way_ = true;
    const auto& event = static_cast<const TestMessage*>(message.get())->event();
    if (const auto* opened = std::get_if<StreamOpened>(&event)) {
      Apply(*opened);
    } else if (!seen_.opened) {
      Violation("something before StreamOpened");
    } else if (const auto* format = std::get_if<StreamFormat>(&event)) {
      Apply(*format);
    } else if (const auto* update = std::get_if<encoder::Update>(&event)) {
      Apply(*update);
    } else if (const auto* cursor = std::get_if<TestCursor>(&event)) {
      Apply(*cursor);
    } else if (const auto* name = std::get_if<TestEncoderName>(&event)) {
      if (name->encoder == seen_.encoder) Violation("an encoder told twice");
      seen_.encoder = name->encoder;
    } else {
      ++seen_.heartbeats;
    }
    changed_.NotifyAll();
    if (held_ || !connected_) return;
    under_way_ = false;
  }
  Finish();
}

void TestViewer::Close(const absl::Status& status) {
  MutexLock lock(mutex_);
  if (seen_.closed) Violation("closed twice");
  seen_.closed = absl::Status(status.code(), status.message());
  changed_.NotifyAll();
}

void TestViewer::Violation(const std::string& what) {
  seen_.violations.push_back(what + " (message " +
                             std::to_string(seen_.messages) + ")");
}

void TestViewer::Apply(const StreamOpened& opened) {
  if (seen_.messages != 1) Violation("StreamOpened is not the first message");
  seen_.opened = opened;
  seen_.encoder = opened.encoder;
}

void TestViewer::Apply(const StreamFormat& format) {
  if (seen_.format && format.generation <= seen_.format->generation) {
    Violation("a format whose generation has not risen");
  }
  ++seen_.formats;
  seen_.format = format;
  seen_.sequence = 0;
  seen_.exact = false;
  seen_.torn = false;
  seen_.picture = Picture(format.plane.size);
}

void TestViewer::Apply(const TestCursor& event) {
  if (!seen_.format) Violation("a cursor before the first format");
  ++seen_.cursors;
  if (event.with_shape) {
    ++seen_.cursor_shapes;
    if (event.cursor.shape == shape_) Violation("a shape sent twice");
    shape_ = event.cursor.shape;
  }
  seen_.cursor = event.cursor;
  if (event.cursor.shape != nullptr && event.cursor.shape != shape_)
    Violation("a cursor whose shape was not sent");
}

void TestViewer::CheckRules(const encoder::Update& update) {
  if (!seen_.format->plane.on) Violation("an update while the plane is off");
  if (update.base_sequence != 0 && update.base_sequence != seen_.sequence) {
    Violation("base " + std::to_string(update.base_sequence) + " on state " +
              std::to_string(seen_.sequence));
  }
  if (update.sequence < seen_.sequence ||
      (update.sequence == seen_.sequence && update.base_sequence != 0)) {
    Violation("a sequence that does not rise");
  }
  Damage covered;
  for (const encoder::Patch& patch : update.patches) {
    if (!Rect::Of(seen_.picture.size()).Contains(patch.rect)) {
      Violation("a patch outside the picture");
    }
    if (covered.Intersects(patch.rect)) Violation("patches that overlap");
    covered.Add(patch.rect);
    const auto* lossless = std::get_if<encoder::Lossless>(&patch.kind);
    const auto* video = std::get_if<encoder::Video>(&patch.kind);
    if (update.base_sequence == 0 &&
        ((lossless != nullptr && lossless->prefix) ||
         (video != nullptr && !video->keyframe))) {
      Violation("a source in an update without a base");
    }
    if (std::holds_alternative<encoder::Still>(patch.kind)) {
      ++seen_.stills;
      if (update.base_sequence != 0) Violation("a still in a shared update");
      if (update.exact) Violation("a still in an exact update");
    }
  }
}

// See MakeTestEncoders.
void TestViewer::ApplyStill(const encoder::Patch& patch) {
  for (int32_t y = patch.rect.y_px; y < patch.rect.bottom_px(); ++y) {
    for (int32_t x = patch.rect.x_px; x < patch.rect.right_px(); ++x) {
      std::copy_n(patch.payload->data(), kBytesPerPixel,
                  seen_.picture.MutableAt(x, y));
    }
  }
}

void TestViewer::ApplyPatch(const encoder::Patch& patch) {
  if (std::holds_alternative<encoder::Still>(patch.kind)) {
    ApplyStill(patch);
    return;
  }
  const auto* lossless = std::get_if<encoder::Lossless>(&patch.kind);
  const auto* video = std::get_if<encoder::Video>(&patch.kind);
  const bool delta = (lossless != nullptr && lossless->prefix) ||
                     (video != nullptr && !video->keyframe);
  const uint8_t* in = patch.payload->data();
  for (int32_t y = patch.rect.y_px; y < patch.rect.bottom_px(); ++y) {
    uint8_t* out = seen_.picture.MutableAt(patch.rect.x_px, y);
    for (int32_t i = 0; i < patch.rect.width_px * kBytesPerPixel; ++i) {
      out[i] = delta ? out[i] ^ *in++ : *in++;
    }
  }
}

void TestViewer::Apply(const encoder::Update& update) {
  if (!seen_.format) {
    Violation("an update before the first format");
    return;
  }
  if (update.generation != seen_.format->generation) {
    Violation("an update of another generation");
    return;
  }
  CheckRules(update);
  for (const encoder::Patch& patch : update.patches) ApplyPatch(patch);
  seen_.sequence = update.sequence;
  seen_.exact = update.exact;
  seen_.torn = update.more_follows;
  if (update.check &&
      encoder::HashRows(seen_.picture, update.check->y_px,
                        update.check->height_px) != update.check->hash) {
    Violation("a band's hash is another");
  }
  seen_.updates.push_back(update);
  for (encoder::Patch& patch : seen_.updates.back().patches) {
    patch.payload.reset();
  }
}

}  // namespace oriel::session
