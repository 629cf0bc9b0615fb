#include "encoder/lossless/patch_packer.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"

namespace oriel::encoder {
namespace {

// The update's header has room for this many.
constexpr size_t kMaxPatches = 1000;
// Small enough that a screen keeps several threads busy, large enough that
// what a compressor learns at its beginning does not matter.
constexpr int64_t kPiecePx = 128 * 1024;
// Less is done before other threads have begun.
constexpr int64_t kWorthThreadsPx = 64 * 1024;
// With less than this left an update is called full, and so small a part is
// not cut again to fill it.
constexpr size_t kWorthFillingBytes = 64 * 1024;
constexpr int64_t kSmallPx = 16 * 1024;

// The first part of `rect` with about max_px pixels: full rows, or a part of
// one where rows are longer than that.
Rect FirstPart(const Rect& rect, int64_t max_px) {
  const int64_t rows = std::max<int64_t>(1, max_px / rect.width_px);
  Rect part = rect;
  part.height_px =
      static_cast<int32_t>(std::min<int64_t>(rows, rect.height_px));
  if (part.height_px == 1) {
    part.width_px =
        static_cast<int32_t>(std::min<int64_t>(max_px, part.width_px));
  }
  return part;
}

// What `part`, a first part of `rect`, leaves: up to two rectangles, the next
// one last.
void PushRest(const Rect& rect, const Rect& part, std::vector<Rect>& out) {
  if (part.bottom_px() < rect.bottom_px()) {
    out.push_back({rect.x_px, part.bottom_px(), rect.width_px,
                   rect.bottom_px() - part.bottom_px()});
  }
  if (part.right_px() < rect.right_px()) {
    out.push_back({part.right_px(), part.y_px,
                   rect.right_px() - part.right_px(), part.height_px});
  }
}

// About equal ones, so that threads end together.
int64_t PiecePx(const Rect& rect) {
  const int64_t pieces = (rect.AreaPx() + kPiecePx - 1) / kPiecePx;
  const int64_t rows = (rect.height_px + pieces - 1) / pieces;
  return std::min(rows * rect.width_px, kMaxPatchPx);
}

size_t PayloadBytes(const Patch& patch) {
  return patch.payload == nullptr ? 0 : patch.payload->size();
}

}  // namespace

PatchPacker::PatchPacker(ParallelFor parallel_for)
    : parallel_for_(std::move(parallel_for)) {}

void PatchPacker::Start(size_t max_payload_bytes) {
  max_payload_bytes_ = max_payload_bytes;
  left_bytes_ = max_payload_bytes;
  full_ = false;
  patches_.clear();
  left_.clear();
}

void PatchPacker::AddCopies(const std::vector<Move>& moves) {
  for (const Move& move : moves) {
    parts_.assign(1, move.rect);
    while (!parts_.empty()) {
      const Rect next = parts_.back();
      parts_.pop_back();
      if (!HasRoomForPatches()) {
        Leave(next);
        continue;
      }
      const Rect part = FirstPart(next, kMaxPatchPx);
      PushRest(next, part, parts_);
      Emit({part,
            Copy{part.x_px + move.source.dx_px, part.y_px + move.source.dy_px},
            nullptr});
    }
  }
}

absl::Status PatchPacker::Add(const PatchSource& source,
                              const std::vector<Rect>& rects) {
  RETURN_IF_ERROR(CutIntoPieces(source, rects));
  size_t next = 0;
  while (next < pieces_.size()) {
    if (full_ || !HasRoomForPatches()) {
      for (; next < pieces_.size(); ++next) Leave(pieces_[next].rect);
      break;
    }
    const size_t count = HowManyAtATime(next);
    MakeSome(source, next, count);
    for (size_t i = 0; i < count; ++i) {
      RETURN_IF_ERROR(
          Take(source, pieces_[next + i], std::move(SlotAt(i).made)));
    }
    next += count;
  }
  return absl::OkStatus();
}

absl::Status PatchPacker::CutIntoPieces(const PatchSource& source,
                                        const std::vector<Rect>& rects) {
  pieces_.clear();
  for (const Rect& rect : rects) {
    ASSIGN_OR_RETURN(const Plan plan, SlotAt(0).maker.PlanFor(source, rect));
    const int64_t piece_px = PiecePx(rect);
    parts_.assign(1, rect);
    while (!parts_.empty()) {
      const Rect whole = parts_.back();
      parts_.pop_back();
      const Rect piece = FirstPart(whole, piece_px);
      PushRest(whole, piece, parts_);
      pieces_.push_back({piece, plan});
    }
  }
  return absl::OkStatus();
}

size_t PatchPacker::HowManyAtATime(size_t next) const {
  if (parallel_for_ == nullptr) return 1;
  const size_t end = std::min(pieces_.size(), next + kMaxAtATime);
  size_t count = 0;
  int64_t sum_px = 0;
  for (size_t i = next; i < end; ++i) {
    // What is begun and does not fit was for nothing.
    if (count > 0 && bytes_per_px_ * static_cast<double>(sum_px) >=
                         static_cast<double>(left_bytes_)) {
      break;
    }
    sum_px += pieces_[i].rect.AreaPx();
    ++count;
  }
  return sum_px < kWorthThreadsPx ? 1 : count;
}

void PatchPacker::MakeSome(const PatchSource& source, size_t first,
                           size_t count) {
  const auto make = [&](int i) {
    Slot& slot = *slots_[i];
    const Piece& piece = pieces_[first + static_cast<size_t>(i)];
    slot.made =
        slot.maker.Make(source, piece.rect, piece.plan, max_payload_bytes_);
  };
  for (size_t i = 0; i < count; ++i) SlotAt(i);
  if (count == 1) {
    make(0);
  } else {
    parallel_for_(static_cast<int>(count), make);
  }
}

absl::Status PatchPacker::Take(const PatchSource& source, const Piece& piece,
                               absl::StatusOr<std::optional<Patch>> made) {
  if (!made.ok()) return made.status();
  if (full_ || !HasRoomForPatches()) {
    full_ = true;
    Leave(piece.rect);
    return absl::OkStatus();
  }
  if (!made->has_value() || PayloadBytes(**made) > left_bytes_) {
    return AddInParts(source, piece);
  }
  Emit(**std::move(made));
  return absl::OkStatus();
}

absl::Status PatchPacker::AddInParts(const PatchSource& source,
                                     const Piece& piece) {
  parts_.assign(1, piece.rect);
  const auto smaller = [this](const Rect& part) {
    return part.AreaPx() / (patches_.empty() ? 2 : 4);
  };
  int64_t max_px = smaller(piece.rect);
  while (!parts_.empty()) {
    // But one patch must go out, however little it covers.
    if (!HasRoomForPatches() ||
        (!patches_.empty() &&
         (left_bytes_ < kWorthFillingBytes || max_px * 4 <= kSmallPx))) {
      full_ = true;
      for (const Rect& left : parts_) Leave(left);
      break;
    }
    if (max_px == 0) return absl::InternalError("a pixel fits no payload");
    const Rect next = parts_.back();
    const Rect part = FirstPart(next, max_px);
    auto made = SlotAt(0).maker.Make(source, part, piece.plan, left_bytes_);
    if (!made.ok()) return made.status();
    if (!made->has_value()) {
      max_px = smaller(part);
      continue;
    }
    parts_.pop_back();
    PushRest(next, part, parts_);
    Emit(**std::move(made));
  }
  return absl::OkStatus();
}

PatchPacker::Slot& PatchPacker::SlotAt(size_t index) {
  std::unique_ptr<Slot>& slot = slots_[index];
  if (slot == nullptr) slot = std::make_unique<Slot>();
  return *slot;
}

bool PatchPacker::HasRoomForPatches() const {
  return patches_.size() < kMaxPatches;
}

void PatchPacker::Emit(Patch patch) {
  const size_t bytes = PayloadBytes(patch);
  left_bytes_ -= std::min(left_bytes_, bytes);
  if (std::holds_alternative<Lossless>(patch.kind)) {
    bytes_per_px_ =
        (bytes_per_px_ + static_cast<double>(bytes) /
                             static_cast<double>(patch.rect.AreaPx())) /
        2;
  }
  patches_.push_back(std::move(patch));
}

EncodeResult PatchPacker::Finish(const Damage& damage) {
  EncodeResult result;
  result.done = damage;
  if (!left_.empty()) result.done.Subtract(Damage::FromRects(left_));
  // Joined rectangles reach beyond the damage. What was sent there counts too,
  // so that the reference always is what was sent.
  parts_.clear();
  for (const Patch& patch : patches_) parts_.push_back(patch.rect);
  result.done.Add(Damage::FromRects(parts_));
  result.patches = std::move(patches_);
  patches_.clear();
  return result;
}

}  // namespace oriel::encoder
