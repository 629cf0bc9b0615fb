#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/picture/damage.h"
#include "encoder/adaptive/area_stream.h"
#include "encoder/adaptive/motion_planner.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {

// Lossless patches where they serve best, video where something moves that
// they cannot hold, and lossless again once it rests, so that all becomes
// exact. What video covered is nobody's source until then. Thread-compatible.
class AdaptiveEncoder : public UpdateEncoder {
 public:
  // `lossless` makes everything but video; `open` opens streams with ids from
  // 1 to MotionTuning::max_areas.
  AdaptiveEncoder(Size size, std::unique_ptr<UpdateEncoder> lossless,
                  OpenAreaStream open, const MotionTuning& tuning = {});

  // After an error nothing was done, but a stream may have been given up.
  absl::StatusOr<EncodeResult> Encode(const EncodeRequest& request) override;
  JoinBy join_by() const override { return JoinBy::kCatchUp; }
  bool exact() const override { return true; }
  void Skipped(const Damage& damage) override;
  const Damage& inexact() const override { return inexact_; }
  std::string description() const override;

 private:
  struct Stream {
    uint32_t area_id = 0;
    uint32_t stream_id = 0;
    Rect area;
    std::unique_ptr<AreaStream> encoder;
    bool began = false;  // viewers have a keyframe to go on from
    Damage unseen;       // what it was not given of the area's changes
    Time probed_at{};
    // When it is made finer, and how often that was done, since it changed.
    Time refine_at{};
    int refined = 0;
  };

  absl::Status EncodePatches(const EncodeRequest& request, const Damage& rest,
                             EncodeResult& result);
  void NoteChanges(const EncodeRequest& request);
  void FollowPlan(const std::vector<MotionArea>& areas, Time now);
  uint32_t FreeStreamId() const;
  // Patches of the areas that changed, which leave `rest`.
  void EncodeAreas(const EncodeRequest& request, Damage& rest,
                   EncodeResult& result);
  // Whether the area stands still, and is not as fine yet as video makes it.
  static bool IsCoarse(const Stream& stream);
  // Tells the planner now and then what patches of the area would weigh.
  void Probe(const EncodeRequest& request, const Damage& damage,
             Stream& stream);
  // The result with the streams' newest access units is thrown away.
  void LoseAccessUnits();
  absl::Status EncodeRest(const EncodeRequest& request, const Damage& rest,
                          EncodeResult& result);
  absl::Status Refine(const EncodeRequest& request, EncodeResult& result);
  Damage Unrefined() const;
  void NoteWhen(const EncodeRequest& request, EncodeResult& result);

  const std::unique_ptr<UpdateEncoder> lossless_;
  const OpenAreaStream open_;
  MotionPlanner planner_;
  Time noted_until_{};  // the newest frame that the planner knows
  std::vector<Stream> streams_;
  std::string video_description_;  // of the newest stream; empty: none yet
  // Where a viewer's picture may differ from the reference.
  Damage inexact_;
  Time refine_at_{};
};

}  // namespace oriel::encoder
