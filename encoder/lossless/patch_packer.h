#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/damage.h"
#include "base/picture/rect.h"
#include "encoder/lossless/patch_maker.h"
#include "encoder/moves/move.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {

// Cuts rectangles into patches until the payload is used up, several patches
// at a time where it may, and keeps the account of what is done. The patches
// are the same however many are made at a time. Thread-compatible; keeps its
// memory from update to update.
class PatchPacker {
 public:
  explicit PatchPacker(ParallelFor parallel_for = nullptr);

  // Begins an update.
  void Start(size_t max_payload_bytes);
  void AddCopies(const std::vector<Move>& moves);
  // `rects` are inside the picture, disjoint, and meet no move.
  absl::Status Add(const PatchSource& source, const std::vector<Rect>& rects);
  // Not in this update.
  void Leave(const Rect& rect) { left_.push_back(rect); }

  // `damage` is what all the given rectangles were made from.
  EncodeResult Finish(const Damage& damage);

 private:
  static constexpr size_t kMaxAtATime = 8;

  struct Piece {
    Rect rect;
    Plan plan;
  };
  struct Slot {
    PatchMaker maker;
    absl::StatusOr<std::optional<Patch>> made;
  };

  absl::Status CutIntoPieces(const PatchSource& source,
                             const std::vector<Rect>& rects);
  size_t HowManyAtATime(size_t next) const;
  void MakeSome(const PatchSource& source, size_t first, size_t count);
  // One piece's patch as Make gave it, or in smaller parts where it does not
  // fit.
  absl::Status Take(const PatchSource& source, const Piece& piece,
                    absl::StatusOr<std::optional<Patch>> made);
  absl::Status AddInParts(const PatchSource& source, const Piece& piece);
  Slot& SlotAt(size_t index);
  bool HasRoomForPatches() const;
  void Emit(Patch patch);

  const ParallelFor parallel_for_;
  std::array<std::unique_ptr<Slot>, kMaxAtATime> slots_;
  std::vector<Piece> pieces_;
  std::vector<Rect> parts_;
  size_t max_payload_bytes_ = 0;
  size_t left_bytes_ = 0;
  bool full_ = false;
  // What compressed pixels weigh, from the last ones: a guess that decides
  // how much is begun, never what is sent.
  double bytes_per_px_ = 0;
  std::vector<Patch> patches_;
  std::vector<Rect> left_;
};

}  // namespace oriel::encoder
