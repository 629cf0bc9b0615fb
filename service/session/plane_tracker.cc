#include "service/session/plane_tracker.h"

#include <utility>

namespace oriel::session {

PlaneEvent PlaneTracker::Scanned(capture::Frame frame) {
  if (frame.picture.empty()) frame.plane = {};
  if (!continues_ || frame.generation != source_generation_) {
    ++generation_;
    frame.damage = Damage(Rect::Of(frame.plane.size));
  }
  continues_ = true;
  source_generation_ = frame.generation;
  failure_.clear();
  frame.generation = generation_;
  PlaneEvent event{std::move(frame), {}};
  if (!event.frame.plane.on) event.reason = kPlaneOffReason;
  return event;
}

PlaneEvent PlaneTracker::Failed(const absl::Status& error) {
  std::string reason(error.message());
  if (continues_ || failure_ != reason || generation_ == 0) ++generation_;
  continues_ = false;
  failure_ = reason;
  PlaneEvent event;
  event.frame.generation = generation_;
  event.reason = std::move(reason);
  return event;
}

}  // namespace oriel::session
