#include "encoder/lossless/patch_packer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace oriel::encoder {
namespace {

// The update's header has room for this many.
constexpr size_t kMaxPatches = 1000;
// Up to here both kinds are tried; above, a sample decides.
constexpr int64_t kSmallPx = 16 * 1024;
constexpr int32_t kSampleRows = 8;
// With less than this left an update is called full.
constexpr size_t kWorthFillingBytes = 64 * 1024;
// A prefix reaches this far beyond its patch, so that a small move of what is
// in it is found.
constexpr int32_t kPrefixMarginPx = 32;

Rect TopRows(const Rect& rect, int32_t rows) {
  return {rect.x_px, rect.y_px, rect.width_px, std::min(rows, rect.height_px)};
}

// The first part of `rect` with about max_px pixels: full rows, or a part of
// one where rows are longer than that.
Rect FirstPart(const Rect& rect, int64_t max_px) {
  const int64_t rows = std::max<int64_t>(1, max_px / rect.width_px);
  Rect part = TopRows(
      rect, static_cast<int32_t>(std::min<int64_t>(rows, rect.height_px)));
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

// At most four times as high as `rect`; clipped to the picture.
Rect PrefixOf(const Rect& rect, Size size) {
  const int32_t margin = std::min(kPrefixMarginPx, rect.height_px * 3 / 2);
  const Rect grown = {rect.x_px, rect.y_px - margin, rect.width_px,
                      rect.height_px + 2 * margin};
  return Intersection(grown, Rect::Of(size));
}

size_t PayloadBytes(const Patch& patch) {
  return patch.payload == nullptr ? 0 : patch.payload->size();
}

}  // namespace

PatchPacker::PatchPacker(PatchCompressor& compressor,
                         const BandedPicture& picture,
                         const BandedPicture* reference,
                         size_t max_payload_bytes)
    : compressor_(compressor),
      picture_(picture),
      reference_(reference),
      left_bytes_(max_payload_bytes) {}

absl::Status PatchPacker::Add(const Rect& rect) {
  std::vector<Rect> todo = {rect};
  int64_t max_px = kMaxPatchPx;
  while (!todo.empty()) {
    if (full_ || result_.patches.size() >= kMaxPatches) {
      full_ = true;
      for (const Rect& left : todo) left_.Add(left);
      break;
    }
    const Rect next = todo.back();
    const Rect part = FirstPart(next, max_px);
    ASSIGN_OR_RETURN(std::optional<Patch> patch, Compress(part));
    if (patch.has_value()) {
      todo.pop_back();
      PushRest(next, part, todo);
      Emit(*std::move(patch));
    } else if (result_.patches.empty()) {
      // One patch must go out, however little it covers.
      max_px = part.AreaPx() / 2;
      if (max_px == 0) return absl::InternalError("a pixel fits no payload");
    } else if (left_bytes_ >= kWorthFillingBytes && part.AreaPx() > kSmallPx) {
      max_px = part.AreaPx() / 4;
    } else {
      full_ = true;
    }
  }
  return absl::OkStatus();
}

void PatchPacker::AddCopy(const Rect& rect, int32_t source_dy_px) {
  std::vector<Rect> todo = {rect};
  while (!todo.empty()) {
    const Rect next = todo.back();
    todo.pop_back();
    if (result_.patches.size() >= kMaxPatches) {
      left_.Add(next);
      continue;
    }
    const Rect part = FirstPart(next, kMaxPatchPx);
    PushRest(next, part, todo);
    Emit({part, Copy{part.x_px, part.y_px + source_dy_px}, nullptr});
  }
}

EncodeResult PatchPacker::Finish(const Damage& damage) && {
  result_.done = damage;
  result_.done.Subtract(left_);
  // Joined rectangles reach beyond the damage. What was sent there counts too,
  // so that the reference always is what was sent.
  result_.done.Add(emitted_);
  return std::move(result_);
}

absl::StatusOr<std::optional<Patch>> PatchPacker::Compress(const Rect& rect) {
  if (reference_ == nullptr) {
    return compressor_.Intra(picture_, rect, left_bytes_);
  }
  const Rect prefix = PrefixOf(rect, picture_.size());
  if (rect.AreaPx() <= kSmallPx) return CompressSmall(rect, prefix);
  ASSIGN_OR_RETURN(const bool gains, DeltaGains(rect, prefix));
  if (!gains) return compressor_.Intra(picture_, rect, left_bytes_);
  return compressor_.Delta(picture_, rect, *reference_, prefix, left_bytes_);
}

absl::StatusOr<std::optional<Patch>> PatchPacker::CompressSmall(
    const Rect& rect, const Rect& prefix) {
  ASSIGN_OR_RETURN(std::optional<Patch> intra,
                   compressor_.Intra(picture_, rect, left_bytes_));
  if (intra.has_value() && intra->payload == nullptr) return intra;
  ASSIGN_OR_RETURN(
      std::optional<Patch> delta,
      compressor_.Delta(picture_, rect, *reference_, prefix, left_bytes_));
  if (!intra.has_value()) return delta;
  if (!delta.has_value()) return intra;
  return PayloadBytes(*delta) < PayloadBytes(*intra) ? delta : intra;
}

absl::StatusOr<bool> PatchPacker::DeltaGains(const Rect& rect,
                                             const Rect& prefix) {
  const int32_t rows = std::min(kSampleRows, rect.height_px);
  const Rect sample = {rect.x_px, rect.y_px + (rect.height_px - rows) / 2,
                       rect.width_px, rows};
  const Rect sample_prefix =
      Intersection(PrefixOf(sample, picture_.size()), prefix);
  ASSIGN_OR_RETURN(const std::optional<Patch> intra,
                   compressor_.Intra(picture_, sample, left_bytes_));
  ASSIGN_OR_RETURN(const std::optional<Patch> delta,
                   compressor_.Delta(picture_, sample, *reference_,
                                     sample_prefix, left_bytes_));
  if (!intra.has_value() || !delta.has_value()) return false;
  return PayloadBytes(*delta) * 4 < PayloadBytes(*intra) * 3;
}

void PatchPacker::Emit(Patch patch) {
  left_bytes_ -= std::min(left_bytes_, PayloadBytes(patch));
  emitted_.Add(patch.rect);
  result_.patches.push_back(std::move(patch));
}

}  // namespace oriel::encoder
