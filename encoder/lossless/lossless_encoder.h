#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/damage.h"
#include "encoder/lossless/coalesce.h"
#include "encoder/lossless/difference.h"
#include "encoder/lossless/patch_packer.h"
#include "encoder/moves/move_finder.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {

// Fills, copies of what moved, and zstd patches, intra or with the reference's
// pixels as prefix: exact always. Thread-compatible.
class LosslessEncoder : public UpdateEncoder {
 public:
  explicit LosslessEncoder(ParallelFor parallel_for = nullptr)
      : packer_(std::move(parallel_for)) {}

  absl::StatusOr<EncodeResult> Encode(const EncodeRequest& request) override;
  JoinBy join_by() const override { return JoinBy::kCatchUp; }
  bool exact() const override { return true; }
  std::string description() const override { return "zstd levels 1, 3 and 6"; }

 private:
  // Copies what goes on scrolling, before anything is compared; none of it is
  // compared again.
  void FindMovesThatGoOn(const EncodeRequest& request);
  // Fills changed_ with what is to be sent, up to an update's share of it.
  void FindChanged(const EncodeRequest& request);
  void AddChanged(const EncodeRequest& request, const Damage& damage,
                  bool compare);
  // free_moves_ become those of `moves` that meet no other patch.
  void KeepFree(const EncodeRequest& request, const std::vector<Move>& moves);
  // Cuts the moves out of changed_.
  void SubtractMoves(const std::vector<Move>& moves);

  Difference difference_;
  MoveFinder moves_;
  Coalescer coalescer_;
  PatchPacker packer_;
  // Scratch: one update's rectangles.
  std::vector<Rect> changed_;
  std::vector<Rect> remaining_;
  std::vector<Rect> barred_;
  std::vector<Move> free_moves_;
  std::vector<Rect> copied_;  // and what other patches take
  int64_t changed_px_ = 0;
};

}  // namespace oriel::encoder
