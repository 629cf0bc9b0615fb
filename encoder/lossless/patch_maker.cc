#include "encoder/lossless/patch_maker.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/status_macros.h"

namespace oriel::encoder {
namespace {

// Up to here both kinds are tried; above, a sample decides.
constexpr int64_t kSmallPx = 16 * 1024;
constexpr int64_t kMediumPx = 64 * 1024;
constexpr Size kSample = {512, 8};
// Negative levels spare a film or photograph half the time and all
// compression; this one costs text nothing.
constexpr int kHurriedLevel = -1;
constexpr int kUsualLevel = 1;
// Takes no longer than level 1 for text and drawings and makes them a sixth
// smaller, but six times as long for photographs. So the sample decides.
constexpr int kCarefulLevel = 3;
// A fourth of the bytes take a fourth of the time, so that a line of grey text
// can have a level that finds twice as much.
constexpr int kGreyLevel = 6;
constexpr int64_t kGreyPx = 32 * 1024;
constexpr int64_t kTextRatio = 8;
constexpr int64_t kBlankRatio = 100;
// A prefix reaches this far beyond its patch, so that a small move of what is
// in it is found.
constexpr int32_t kPrefixMarginPx = 32;

}  // namespace

std::optional<Rect> PrefixOf(const PatchSource& source, const Rect& rect) {
  if (source.reference == nullptr) return std::nullopt;
  const int32_t height_px = source.picture.size().height_px;
  const int32_t margin = std::min(kPrefixMarginPx, rect.height_px * 3 / 2);
  const int32_t rows = std::min(rect.height_px + 2 * margin, height_px);
  // At the picture's edge the other side gets more.
  const int32_t top = std::clamp(rect.y_px - margin, 0, height_px - rows);
  Rect prefix = {rect.x_px, top, rect.width_px, rows};
  if (source.barred == nullptr) return prefix;
  // The larger part that what is barred leaves, above or below it.
  for (const Rect& barred : *source.barred) {
    if (Intersection(barred, prefix).empty()) continue;
    const int32_t above = barred.y_px - prefix.y_px;
    const int32_t below = prefix.bottom_px() - barred.bottom_px();
    if (std::max(above, below) <= 0) return std::nullopt;
    if (below > above) prefix.y_px = barred.bottom_px();
    prefix.height_px = std::max(above, below);
  }
  return prefix;
}

absl::StatusOr<Plan> PatchMaker::PlanFor(const PatchSource& source,
                                         const Rect& rect) {
  const bool hurried = source.effort == Effort::kHurried;
  const int usual = hurried ? kHurriedLevel : kUsualLevel;
  Plan plan = {.intra_level = usual, .delta_level = usual};
  if (source.effort == Effort::kCareful) plan.intra_level = kCarefulLevel;
  if (rect.AreaPx() <= kSmallPx) {
    plan.delta = source.reference != nullptr;
    return plan;
  }
  const int32_t width = std::min(kSample.width_px, rect.width_px);
  const int32_t height = std::min(kSample.height_px, rect.height_px);
  const Rect sample = {rect.x_px + (rect.width_px - width) / 2,
                       rect.y_px + (rect.height_px - height) / 2, width,
                       height};
  constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();
  compressor_.Load(source.picture, sample);
  ASSIGN_OR_RETURN(const Payload intra, compressor_.Intra(usual, kNoLimit));
  const int64_t sample_bytes = sample.AreaPx() * kBytesPerPixel;
  if (!hurried && int64_t(intra->size()) * kTextRatio < sample_bytes) {
    plan.intra_level = kCarefulLevel;
  }
  const std::optional<Rect> prefix = PrefixOf(source, sample);
  if (!prefix.has_value()) return plan;
  ASSIGN_OR_RETURN(
      const Payload delta,
      compressor_.Delta(*source.reference, *prefix, usual, kNoLimit));
  plan.delta = delta->size() * 4 < intra->size() * 3;
  plan.intra = !plan.delta;
  // A sample with next to nothing in it tells nothing.
  if (int64_t(intra->size()) * kBlankRatio < sample_bytes &&
      rect.AreaPx() <= kMediumPx) {
    plan.delta = plan.intra = true;
  }
  return plan;
}

absl::StatusOr<std::optional<Patch>> PatchMaker::Make(
    const PatchSource& source, const Rect& rect, const Plan& plan,
    size_t max_payload_bytes) {
  compressor_.Load(source.picture, rect);
  if (const std::optional<Fill> fill = compressor_.OneColour()) {
    return Patch{rect, *fill, nullptr};
  }
  const bool grey = compressor_.grey();
  const bool careful =
      grey && rect.AreaPx() <= kGreyPx && source.effort != Effort::kHurried;
  const auto level = [careful](int planned) {
    return careful ? std::max(planned, kGreyLevel) : planned;
  };
  std::optional<Rect> prefix;
  if (plan.delta) prefix = PrefixOf(source, rect);
  Payload delta;
  if (prefix.has_value()) {
    ASSIGN_OR_RETURN(
        delta, compressor_.Delta(*source.reference, *prefix,
                                 level(plan.delta_level), max_payload_bytes));
  }
  Payload intra;
  if (plan.intra || !prefix.has_value()) {
    // One that is no smaller would be thrown away.
    const size_t max_bytes =
        delta == nullptr ? max_payload_bytes : delta->size() - 1;
    ASSIGN_OR_RETURN(intra,
                     compressor_.Intra(level(plan.intra_level), max_bytes));
  }
  if (intra == nullptr && delta == nullptr) return std::nullopt;
  if (intra != nullptr) prefix.reset();
  Payload& payload = intra != nullptr ? intra : delta;
  return Patch{rect, Lossless{.prefix = prefix, .grey = grey},
               std::move(payload)};
}

}  // namespace oriel::encoder
