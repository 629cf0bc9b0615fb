#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "service/session/viewer.h"
#include "service/session/viewer_state.h"

namespace oriel::session {

class Lane;

// A viewer of one lane: the transport's handle, and what the lane keeps of it.
// Thread-safe.
class LaneViewer final : public Viewer,
                         public std::enable_shared_from_this<LaneViewer> {
 public:
  LaneViewer(uint64_t id, std::shared_ptr<Lane> lane,
             std::shared_ptr<ViewerSink> sink, const ViewerLimits& limits,
             bool acknowledges)
      : id_(id),
        lane_(std::move(lane)),
        sink_(std::move(sink)),
        state_(limits, acknowledges) {}

  uint64_t id() const override { return id_; }
  void OnWritten() override;
  absl::Status Control(const ViewerControl& control) override;
  void Leave() override;

 private:
  friend class Lane;

  const uint64_t id_;
  const std::shared_ptr<Lane> lane_;

  // Guarded by the lane's mutex.
  std::shared_ptr<ViewerSink> sink_;  // null once gone
  ViewerState state_;
  // What intra patches of its region weigh, and of the reference at which
  // sequence.
  double bytes_per_px_ = 0;
  uint64_t weighed_sequence_ = 0;
  // A publisher has this viewer in its queue or in its hands: one at a time,
  // so that messages keep their order.
  bool publishing_ = false;
  std::optional<absl::Status> close_with_;  // the lane ended
  bool gone_ = false;                       // no sink call begins any more
};

}  // namespace oriel::session
