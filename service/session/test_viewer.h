#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/picture/picture.h"
#include "encoder/update.h"
#include "service/session/viewer.h"
#include "service/session/wire_encoder.h"

namespace oriel::session {

struct TestCursor;

// A viewer with its transport: applies what comes as streaming.proto says and
// writes down every rule that is broken. While held, a write under way stays
// under way. Thread-safe.
class TestViewer final : public ViewerSink {
 public:
  struct Seen {
    std::optional<StreamOpened> opened;
    std::optional<StreamFormat> format;
    std::string encoder;
    std::optional<absl::Status> closed;
    int formats = 0;
    int heartbeats = 0;
    // As a client has it: the shape is the newest that was sent.
    std::optional<capture::Cursor> cursor;
    int cursors = 0;
    int cursor_shapes = 0;
    int messages = 0;
    int stills = 0;
    std::vector<encoder::Update> updates;  // without their payloads
    uint64_t sequence = 0;
    bool exact = false;
    bool torn = false;  // more follows
    Picture picture;
    std::vector<std::string> violations;
  };

  // Acknowledges every update at once.
  explicit TestViewer(bool acknowledges = false)
      : acknowledges_(acknowledges) {}

  bool acknowledges() const { return acknowledges_; }
  // What OpenViewer returned; writes until then stay under way.
  void Connect(std::shared_ptr<Viewer> viewer);
  const std::shared_ptr<Viewer>& handle() const { return handle_; }

  void SetPaused(bool paused);
  void Hold();
  void Release();
  // Lets the write under way leave, if there is one; the next one is held.
  void ReleaseOne();

  Seen seen() const;
  // Returns what was seen once `enough` is true of it.
  Seen Await(const std::function<bool(const Seen&)>& enough);
  Seen AwaitPicture(const Picture& picture);
  // Returns once a write is under way and held.
  void AwaitStuck();

  void Write(WireMessagePtr message) override;
  void Close(const absl::Status& status) override;

 private:
  // The write has left: acknowledges it, if this viewer does.
  void Finish();
  void Apply(const StreamOpened& opened) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(const StreamFormat& format) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(const TestCursor& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(const encoder::Update& update)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CheckRules(const encoder::Update& update)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplyStill(const encoder::Patch& patch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplyPatch(const encoder::Patch& patch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Violation(const std::string& what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const bool acknowledges_;
  std::shared_ptr<Viewer> handle_;  // set once, by Connect

  mutable Mutex mutex_;
  CondVar changed_;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const capture::CursorShape> shape_ ABSL_GUARDED_BY(mutex_);
  bool under_way_ ABSL_GUARDED_BY(mutex_) = false;
  Seen seen_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::session
