#include "encoder/lossless/lossless_encoder.h"

#include "base/status_macros.h"

namespace oriel::encoder {
namespace {

// Comparing more for one update would be for nothing: it would not fit.
constexpr int64_t kMaxUpdatePx = 36 * 1024 * 1024;
// Up to here the slowest content costs less than a millisecond, whatever the
// level.
constexpr int64_t kCarefulPx = 16 * 1024;
// Of less, to find out what really differs costs little.
constexpr int64_t kLargeDamagePx = 128 * 1024;

int64_t AreaPx(const std::vector<Rect>& rects) {
  int64_t sum = 0;
  for (const Rect& rect : rects) sum += rect.AreaPx();
  return sum;
}

// What `hole` leaves of `rect`.
void AppendRest(const Rect& rect, const Rect& hole, std::vector<Rect>& out) {
  const Rect cut = Intersection(rect, hole);
  const Rect parts[] = {
      {rect.x_px, rect.y_px, rect.width_px, cut.y_px - rect.y_px},
      {rect.x_px, cut.y_px, cut.x_px - rect.x_px, cut.height_px},
      {cut.right_px(), cut.y_px, rect.right_px() - cut.right_px(),
       cut.height_px},
      {rect.x_px, cut.bottom_px(), rect.width_px,
       rect.bottom_px() - cut.bottom_px()}};
  for (const Rect& part : parts) {
    if (!part.empty()) out.push_back(part);
  }
}

Effort EffortFor(const EncodeRequest& request, int64_t area_px) {
  if (request.hurry) return Effort::kHurried;
  return area_px <= kCarefulPx ? Effort::kCareful : Effort::kUsual;
}

}  // namespace

absl::StatusOr<EncodeResult> LosslessEncoder::Encode(
    const EncodeRequest& request) {
  packer_.Start(request.max_payload_bytes);
  copied_.clear();
  if (request.taken != nullptr) copied_ = request.taken->Rects();
  free_moves_.clear();
  FindMovesThatGoOn(request);
  FindChanged(request);
  if (!request.keyframe && free_moves_.empty()) {
    KeepFree(request, moves_.Find(request.picture, request.reference, changed_,
                                  barred_));
  }
  packer_.AddCopies(free_moves_);
  SubtractMoves(free_moves_);
  const std::vector<Rect>& rects = coalescer_.Coalesce(changed_, copied_);
  const PatchSource source = {
      .picture = request.picture,
      .reference = request.keyframe ? nullptr : &request.reference,
      .barred = barred_.empty() ? nullptr : &barred_,
      .effort = EffortFor(request, AreaPx(rects))};
  RETURN_IF_ERROR(packer_.Add(source, rects));
  EncodeResult result = packer_.Finish(request.damage);
  result.keyframe = request.keyframe;
  return result;
}

// A move grows over what did not change, too, where another patch may be.
void LosslessEncoder::KeepFree(const EncodeRequest& request,
                               const std::vector<Move>& moves) {
  free_moves_ = moves;
  if (request.taken == nullptr) return;
  std::erase_if(free_moves_, [&](const Move& move) {
    return request.taken->Intersects(move.rect);
  });
}

void LosslessEncoder::FindMovesThatGoOn(const EncodeRequest& request) {
  barred_.clear();
  if (request.unusable_reference != nullptr)
    barred_ = request.unusable_reference->Rects();
  if (request.keyframe || request.damage.AreaPx() < kLargeDamagePx) return;
  KeepFree(request, moves_.FindAgain(request.picture, request.reference,
                                     request.damage.Rects(), barred_));
}

void LosslessEncoder::FindChanged(const EncodeRequest& request) {
  changed_.clear();
  changed_px_ = 0;
  Damage known = request.damage;
  for (const Move& move : free_moves_) known.Subtract(move.rect);
  if (request.keyframe || barred_.empty()) {
    AddChanged(request, known, !request.keyframe);
    return;
  }
  Damage unknown = known;
  unknown.IntersectWith(*request.unusable_reference);
  AddChanged(request, unknown, false);
  known.Subtract(*request.unusable_reference);
  AddChanged(request, known, true);
}

void LosslessEncoder::AddChanged(const EncodeRequest& request,
                                 const Damage& damage, bool compare) {
  for (const Rect& rect : damage.Rects()) {
    if (changed_px_ >= kMaxUpdatePx) {
      packer_.Leave(rect);
      continue;
    }
    const size_t before = changed_.size();
    if (compare) {
      difference_.Append(request.picture, request.reference, rect, changed_);
    } else {
      changed_.push_back(rect);
    }
    for (size_t i = before; i < changed_.size(); ++i) {
      changed_px_ += changed_[i].AreaPx();
    }
  }
}

void LosslessEncoder::SubtractMoves(const std::vector<Move>& moves) {
  for (const Move& move : moves) {
    copied_.push_back(move.rect);
    remaining_.clear();
    for (const Rect& rect : changed_) {
      if (Intersection(rect, move.rect).empty()) {
        remaining_.push_back(rect);
      } else {
        AppendRest(rect, move.rect, remaining_);
      }
    }
    changed_.swap(remaining_);
  }
}

}  // namespace oriel::encoder
