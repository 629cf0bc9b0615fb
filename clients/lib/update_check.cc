#include "clients/lib/update_check.h"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "encoder/still/jpeg.h"

namespace oriel::clients {
namespace {

// streaming.proto, Patch and Lossless.
constexpr int64_t kMaxPatchPx = 262'144;
constexpr int64_t kMaxPrefixFactor = 4;

absl::Status Invalid(const std::string& what) {
  return absl::InvalidArgumentError("update breaks a rule: " + what);
}

// `width_px` x `height_px` at (x_px, y_px), which must lie in the picture.
absl::StatusOr<Rect> CheckRect(const char* what, const v1::Rect& rect,
                               Size picture) {
  const uint64_t right_px = uint64_t{rect.x_px()} + rect.width_px();
  const uint64_t bottom_px = uint64_t{rect.y_px()} + rect.height_px();
  if (rect.width_px() == 0 || rect.height_px() == 0 ||
      right_px > static_cast<uint64_t>(picture.width_px) ||
      bottom_px > static_cast<uint64_t>(picture.height_px)) {
    return Invalid(absl::StrFormat(
        "%s %ux%u at %u,%u is empty or not in the picture of %dx%d px", what,
        rect.width_px(), rect.height_px(), rect.x_px(), rect.y_px(),
        picture.width_px, picture.height_px));
  }
  return Rect{static_cast<int32_t>(rect.x_px()),
              static_cast<int32_t>(rect.y_px()),
              static_cast<int32_t>(rect.width_px()),
              static_cast<int32_t>(rect.height_px())};
}

absl::StatusOr<Rect> CheckSource(const v1::Patch& patch, const Rect& rect,
                                 Size picture) {
  if (patch.has_copy()) {
    v1::Rect source;
    source.set_x_px(patch.copy().source_x_px());
    source.set_y_px(patch.copy().source_y_px());
    source.set_width_px(patch.rect().width_px());
    source.set_height_px(patch.rect().height_px());
    return CheckRect("a copy's source", source, picture);
  }
  if (!patch.has_lossless() || !patch.lossless().has_prefix()) return Rect{};
  ASSIGN_OR_RETURN(const Rect prefix,
                   CheckRect("a prefix", patch.lossless().prefix(), picture));
  if (prefix.AreaPx() > kMaxPrefixFactor * rect.AreaPx()) {
    return Invalid("a prefix has more than four times its patch's pixels");
  }
  return prefix;
}

absl::Status CheckKind(const v1::Patch& patch, const Rect& rect) {
  const bool has_payload = patch.payload_size_bytes() != 0;
  switch (patch.kind_case()) {
    case v1::Patch::kFill:
      if (patch.fill().rgb() > 0xFFFFFF)
        return Invalid("a fill is no 0xRRGGBB");
      [[fallthrough]];
    case v1::Patch::kCopy:
      if (has_payload) return Invalid("a fill or copy has a payload");
      break;
    case v1::Patch::kLossless:
      if (!has_payload) return Invalid("a lossless patch has no payload");
      break;
    case v1::Patch::kStill:
      if (!has_payload) return Invalid("a still has no payload");
      if (patch.still().shrink() < 1 ||
          patch.still().shrink() > encoder::kMaxShrink) {
        return Invalid("a still is shrunk by less than 1 or too much");
      }
      break;
    case v1::Patch::kVideo:
      if (!has_payload) return Invalid("a video patch has no payload");
      return absl::OkStatus();
    case v1::Patch::KIND_NOT_SET:
      return Invalid("a patch is of no kind that this client knows");
  }
  if (rect.AreaPx() > kMaxPatchPx) {
    return Invalid(
        absl::StrFormat("a patch has more than %d pixels", kMaxPatchPx));
  }
  return absl::OkStatus();
}

absl::Status CheckBandHash(const v1::FrameUpdate& update, Size picture) {
  if (!update.has_check()) return absl::OkStatus();
  const v1::BandHash& check = update.check();
  if (check.height_px() == 0 || uint64_t{check.y_px()} + check.height_px() >
                                    static_cast<uint64_t>(picture.height_px)) {
    return Invalid("its check's rows are not in the picture");
  }
  return absl::OkStatus();
}

// What a patch says about streams and bases, which depends on the update.
absl::Status CheckBase(const v1::FrameUpdate& update, const v1::Patch& patch,
                       const Rect& source, std::set<uint32_t>& streams) {
  const bool has_base = update.base_sequence() != 0;
  if (!has_base && !source.empty()) {
    return Invalid("it has a source, but base_sequence 0");
  }
  if (has_base && patch.has_still()) {
    return Invalid("it has a still, but a base_sequence");
  }
  if (!patch.has_video()) return absl::OkStatus();
  if (!has_base && !patch.video().keyframe()) {
    return Invalid("base_sequence is 0, but its video is no keyframe");
  }
  if (!streams.insert(patch.video().stream_id()).second) {
    return Invalid("it has two access units of one stream");
  }
  if (streams.size() > kMaxVideoStreams) {
    return Invalid(
        absl::StrFormat("it has more than %d video patches", kMaxVideoStreams));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckFormat(const v1::StreamFormat& format) {
  const int64_t area_px = int64_t{format.width_px()} * format.height_px();
  if (format.width_px() > kMaxSidePx || format.height_px() > kMaxSidePx ||
      area_px > kMaxPicturePx) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the server announced a picture of %ux%u px; a side may have %u px and "
        "the whole %d",
        format.width_px(), format.height_px(), kMaxSidePx, kMaxPicturePx));
  }
  return absl::OkStatus();
}

bool AreDisjoint(std::vector<Rect> rects) {
  std::sort(rects.begin(), rects.end(),
            [](const Rect& a, const Rect& b) { return a.y_px < b.y_px; });
  // A sweep line from top to bottom: what it crosses, by left edge to right
  // edge, and the order in which it leaves that.
  std::map<int32_t, int32_t> crossed;
  using Leaving = std::pair<int32_t, int32_t>;  // bottom, left
  std::priority_queue<Leaving, std::vector<Leaving>, std::greater<>> leaving;
  for (const Rect& rect : rects) {
    while (!leaving.empty() && leaving.top().first <= rect.y_px) {
      crossed.erase(leaving.top().second);
      leaving.pop();
    }
    const auto next = crossed.lower_bound(rect.x_px);
    if (next != crossed.end() && next->first < rect.right_px()) return false;
    if (next != crossed.begin() && std::prev(next)->second > rect.x_px) {
      return false;
    }
    crossed.emplace(rect.x_px, rect.right_px());
    leaving.emplace(rect.bottom_px(), rect.x_px);
  }
  return true;
}

absl::StatusOr<std::vector<CheckedPatch>> CheckUpdate(
    const v1::FrameUpdate& update, std::string_view payload, Size picture) {
  RETURN_IF_ERROR(CheckBandHash(update, picture));
  std::vector<CheckedPatch> patches;
  patches.reserve(update.patches_size());
  std::vector<Rect> destinations;
  destinations.reserve(update.patches_size());
  std::set<uint32_t> streams;
  const auto* const bytes = reinterpret_cast<const uint8_t*>(payload.data());
  size_t used_bytes = 0;
  for (const v1::Patch& patch : update.patches()) {
    ASSIGN_OR_RETURN(const Rect rect,
                     CheckRect("a patch", patch.rect(), picture));
    RETURN_IF_ERROR(CheckKind(patch, rect));
    ASSIGN_OR_RETURN(const Rect source, CheckSource(patch, rect, picture));
    RETURN_IF_ERROR(CheckBase(update, patch, source, streams));
    if (patch.payload_size_bytes() > payload.size() - used_bytes) {
      return Invalid("its patches need more bytes than its payload has");
    }
    patches.push_back(
        {.rect = rect,
         .message = &patch,
         .payload = {bytes + used_bytes, patch.payload_size_bytes()},
         .source = source});
    destinations.push_back(rect);
    used_bytes += patch.payload_size_bytes();
  }
  if (used_bytes != payload.size()) {
    return Invalid("its payload has more bytes than its patches need");
  }
  if (!AreDisjoint(std::move(destinations))) {
    return Invalid("two of its patches overlap");
  }
  return patches;
}

}  // namespace oriel::clients
