#include "encoder/lossless/lossless_encoder.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "encoder/lossless/coalesce.h"
#include "encoder/lossless/difference.h"
#include "encoder/lossless/patch_packer.h"
#include "encoder/lossless/vertical_move.h"

namespace oriel::encoder {
namespace {

// Looking for a scroll in less finds nothing that zstd does not.
constexpr int64_t kMinScrolledPx = 16 * 1024;
constexpr int64_t kMinCopyPx = 2048;

// `taken`: destinations of other patches, outside of `where`.
std::vector<Rect> ChangedRects(const EncodeRequest& request,
                               const std::vector<Rect>& where,
                               const std::vector<Rect>& taken = {}) {
  std::vector<Rect> changed;
  for (const Rect& rect : where) {
    const std::vector<Rect> parts =
        DifferingRects(request.picture, request.reference, rect);
    changed.insert(changed.end(), parts.begin(), parts.end());
  }
  return Coalesce(changed, taken);
}

// The parts of `rect` that stood source_dy_px further down, if they are a
// good deal of it.
std::vector<Rect> MovedRects(const EncodeRequest& request, const Rect& rect,
                             int32_t source_dy_px) {
  const Size size = request.picture.size();
  // Where the source row is in the picture.
  const Rect possible =
      Intersection(rect, {0, -source_dy_px, size.width_px, size.height_px});
  Damage moved(possible);
  for (const Rect& other : Coalesce(DifferingRects(
           request.picture, request.reference, possible, source_dy_px))) {
    moved.Subtract(other);
  }
  std::vector<Rect> copies;
  int64_t copied_px = 0;
  for (const Rect& part : moved.Rects()) {
    if (part.AreaPx() < kMinCopyPx) continue;
    copied_px += part.AreaPx();
    copies.push_back(part);
  }
  if (copied_px * 4 < rect.AreaPx()) copies.clear();
  return copies;
}

absl::Status AddChanged(const EncodeRequest& request, const Rect& rect,
                        PatchPacker& packer) {
  if (packer.full() || rect.AreaPx() < kMinScrolledPx) return packer.Add(rect);
  const std::optional<int32_t> source_dy_px =
      FindVerticalMove(request.picture, request.reference, rect);
  if (!source_dy_px.has_value()) return packer.Add(rect);
  const std::vector<Rect> copies = MovedRects(request, rect, *source_dy_px);
  if (copies.empty()) return packer.Add(rect);
  Damage rest(rect);
  for (const Rect& copy : copies) {
    packer.AddCopy(copy, *source_dy_px);
    rest.Subtract(copy);
  }
  for (const Rect& part : ChangedRects(request, rest.Rects(), copies)) {
    RETURN_IF_ERROR(packer.Add(part));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EncodeResult> LosslessEncoder::Encode(
    const EncodeRequest& request) {
  PatchPacker packer(compressor_, request.picture,
                     request.keyframe ? nullptr : &request.reference,
                     request.max_payload_bytes);
  if (request.keyframe) {
    for (const Rect& rect : Coalesce(request.damage.Rects())) {
      RETURN_IF_ERROR(packer.Add(rect));
    }
  } else {
    for (const Rect& rect : ChangedRects(request, request.damage.Rects())) {
      RETURN_IF_ERROR(AddChanged(request, rect, packer));
    }
  }
  EncodeResult result = std::move(packer).Finish(request.damage);
  result.keyframe = request.keyframe;
  return result;
}

}  // namespace oriel::encoder
