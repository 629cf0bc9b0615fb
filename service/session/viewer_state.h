#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/picture/damage.h"
#include "service/session/link_rate.h"
#include "service/session/viewer.h"

namespace oriel::session {

struct OutgoingUpdate {
  WireMessagePtr message;
  uint64_t sequence = 0;
  // A keyframe of the whole picture: any viewer can go on from here.
  bool restarts = false;
  // Private, for a stale viewer.
  bool catch_up = false;
  std::shared_ptr<const Damage> destinations;
};

struct ViewerLimits {
  size_t queued_messages = 4;
  size_t queued_bytes = 1024 * 1024;
  // Unacknowledged, for viewers that acknowledge.
  size_t window_bytes = 2 * 1024 * 1024;
  size_t window_messages = 1024;
  // Of catch-up under way, until what comes of it tells how fast the link is.
  size_t first_bytes = 96 * 1024;
};

// What one viewer's picture is, and what goes to it next. It is current (its
// picture is the lane's reference once its queue is sent) or stale (it differs
// from the reference in region() at most). Updates beyond the queue's bounds
// make it stale: the queue is dropped, and what it covered joins the region.
// Thread-compatible.
class ViewerState {
 public:
  ViewerState(const ViewerLimits& limits, bool acknowledges)
      : limits_(limits), acknowledges_(acknowledges) {}

  // Comes before everything else; nothing is sent without it.
  void Open(WireMessagePtr opened);
  // Replaces a name of the encoder that was not sent yet.
  void SetEncoder(WireMessagePtr encoder) { encoder_ = std::move(encoder); }

  // `fresh`: the lane has published nothing of this generation yet, so that a
  // black picture is its reference; else `everything` is stale.
  void StartGeneration(WireMessagePtr format, const Damage& everything,
                       bool fresh);
  void Resync(const Damage& everything, bool fresh);
  // A paused viewer is stale. `lane_sequence`: see WantsCatchUp.
  void SetPaused(bool paused, uint64_t lane_sequence);

  // The lane's next update, whose base is the one before.
  void Publish(const OutgoingUpdate& update);
  // The reference changed there without an update.
  void Miss(const Damage& destinations);

  bool acknowledges() const { return acknowledges_; }
  bool current() const { return current_; }
  bool paused() const { return paused_; }
  const Damage& region() const { return region_; }
  // What of a stale viewer's region to send first. What changes again after it
  // was sent waits until the rest was sent too: else a part that never rests
  // keeps the others from a viewer with a slow transport.
  const Damage& waiting();
  // Current, and nothing waits behind the write under way.
  bool ready() const { return current_ && queue_.empty(); }

  // Stale, and its transport is free. `lane_sequence`: of the lane's
  // reference.
  bool WantsCatchUp(uint64_t lane_sequence) const;
  bool WantsKeyframe() const;
  // Takes `part` out of the region until EndCatchUp. The ticket tells later
  // whether the viewer still is where it was.
  uint64_t BeginCatchUp(const Damage& part);
  // `update` made `done`, a part of `part`, what the reference was at its
  // sequence; null when that failed.
  void EndCatchUp(uint64_t ticket, const Damage& part, const Damage& done,
                  const OutgoingUpdate* update, uint64_t lane_sequence);

  // kInvalidArgument: of updates that were never sent. `received_count`: see
  // ViewerControl.
  absl::Status Acknowledge(uint64_t sequence, uint64_t received_count,
                           Time now);

  // Empty: not known, or the viewer does not count.
  std::optional<double> link_bytes_per_s() const;
  // Of exact patches in one message: few while they are to tell how fast the
  // link is, and what a fast one takes at once.
  size_t CatchUpBytes(size_t first_bytes, size_t usual_bytes) const;
  // What of the region no still has shown since it changed; empty while the
  // last one was short ago.
  Damage Unshown(Time now) const;
  // Before EndCatchUp of an update with stills of `shown`.
  void NoteStill(uint64_t ticket, const Damage& shown, Time now);

  bool WantsHeartbeat(Time idle_since) const;
  void SetHeartbeat(WireMessagePtr heartbeat) { heartbeat_ = heartbeat; }

  // Replaces a pointer that was not sent yet. `shape`: what the message
  // carries; null: none.
  void SetCursor(WireMessagePtr cursor, std::shared_ptr<const void> shape);
  // The newest shape that was sent.
  const std::shared_ptr<const void>& cursor_shape() const {
    return cursor_shape_;
  }

  bool can_send() const { return NextKind() != Kind::kNothing; }
  // What to write now, which is then under way until Written; null: nothing.
  WireMessagePtr Next(Time now);
  void Written() { in_flight_ = false; }

 private:
  enum class Kind {
    kNothing,
    kOpened,
    kEncoder,
    kFormat,
    kCursor,
    kUpdate,
    kHeartbeat
  };
  struct Unacknowledged {
    uint64_t sequence;
    size_t size_bytes;
  };

  Kind NextKind() const;
  void AddToRegion(const Damage& stale);
  bool TransportFree() const;
  bool LinkHasRoom() const;
  bool WindowHasRoom(size_t size_bytes) const;
  bool QueueHasRoom(size_t size_bytes) const;
  void Push(const OutgoingUpdate& update);
  void DropQueue();
  void Reset(const Damage& everything, bool fresh);
  void BecomeCurrentIfAt(uint64_t lane_sequence);
  void NoteSent(const OutgoingUpdate& update);

  const ViewerLimits limits_;
  const bool acknowledges_;

  bool was_opened_ = false;
  bool has_format_ = false;
  bool paused_ = false;
  bool in_flight_ = false;
  WireMessagePtr opened_;
  WireMessagePtr encoder_;
  WireMessagePtr format_;
  WireMessagePtr heartbeat_;
  WireMessagePtr cursor_;
  std::shared_ptr<const void> carried_shape_;  // by cursor_
  std::shared_ptr<const void> cursor_shape_;
  std::deque<OutgoingUpdate> queue_;
  size_t queued_bytes_ = 0;
  Time last_sent_{};

  bool current_ = false;
  Damage region_;   // empty while current; bounded, see AddBounded
  Damage waiting_;  // a part of region_
  // Where the viewer shows a still of the reference, if it is in the region.
  Damage shown_;
  std::optional<Time> last_still_;
  bool catching_up_ = false;
  uint64_t ticket_ = 0;
  // In this generation and since the last resync, 0 for none: of the newest
  // update that was queued or sent, and of the newest sent.
  uint64_t queued_sequence_ = 0;
  uint64_t sent_sequence_ = 0;

  uint64_t newest_sent_ = 0;  // ever
  std::deque<Unacknowledged> unacknowledged_;
  size_t unacknowledged_bytes_ = 0;
  LinkRate link_;
  bool counts_ = true;  // until it acknowledges without
};

}  // namespace oriel::session
