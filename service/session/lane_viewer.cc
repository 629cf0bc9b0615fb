#include "service/session/lane_viewer.h"

#include "service/session/lane.h"

namespace oriel::session {

void LaneViewer::OnWritten() { lane_->Written(*this); }

absl::Status LaneViewer::Control(const ViewerControl& control) {
  return lane_->Control(*this, control);
}

void LaneViewer::Leave() { lane_->Leave(*this); }

}  // namespace oriel::session
