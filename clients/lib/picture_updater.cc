#include "clients/lib/picture_updater.h"

#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "encoder/band_hash.h"
#include "encoder/still/jpeg.h"

namespace oriel::clients {
namespace {

// Set algebra on more rectangles costs more than showing their bounds.
constexpr int kMaxDamageRects = 256;

absl::Status LostPlace(const std::string& why) {
  return absl::FailedPreconditionError("a resync is needed: " + why);
}

size_t SizeBytes(const Rect& rect) {
  return size_t(rect.AreaPx()) * kBytesPerPixel;
}

void Gather(const Picture& picture, const Rect& rect, uint8_t* out) {
  const size_t row_bytes = size_t(rect.width_px) * kBytesPerPixel;
  for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
    std::memcpy(out, picture.At(rect.x_px, y), row_bytes);
    out += row_bytes;
  }
}

void PutPixels(const PictureView& pixels, const Rect& rect, Picture& picture) {
  const size_t row_bytes = size_t(rect.width_px) * kBytesPerPixel;
  for (int32_t row = 0; row < rect.height_px; ++row) {
    std::memcpy(picture.MutableAt(rect.x_px, rect.y_px + row),
                pixels.At(0, row), row_bytes);
  }
}

void PutFill(uint32_t rgb, const Rect& rect, Picture& picture) {
  const uint8_t pixel[kBytesPerPixel] = {static_cast<uint8_t>(rgb),
                                         static_cast<uint8_t>(rgb >> 8),
                                         static_cast<uint8_t>(rgb >> 16), 0xFF};
  for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
    uint8_t* out = picture.MutableAt(rect.x_px, y);
    for (int32_t x = 0; x < rect.width_px; ++x) {
      std::memcpy(out + size_t(x) * kBytesPerPixel, pixel, sizeof(pixel));
    }
  }
}

// That take the way over scratch memory.
bool HasOwnPixels(const v1::Patch& patch) {
  return patch.has_copy() || patch.has_lossless() || patch.has_still();
}

Damage ChangedBy(const std::vector<CheckedPatch>& patches, Size picture) {
  if (patches.size() > kMaxDamageRects) return Damage(Rect::Of(picture));
  Damage changed;
  for (const CheckedPatch& patch : patches) changed.Add(patch.rect);
  return changed;
}

}  // namespace

absl::Status PictureUpdater::Apply(const v1::StreamFormat& format) {
  RETURN_IF_ERROR(CheckFormat(format));
  const Size size = {static_cast<int32_t>(format.width_px()),
                     static_cast<int32_t>(format.height_px())};
  picture_ = size.empty() ? Picture() : Picture(size);
  generation_ = format.generation();
  sequence_ = 0;
  whole_ = false;
  has_format_ = true;
  videos_.Clear();
  return absl::OkStatus();
}

absl::StatusOr<Applied> PictureUpdater::Apply(const v1::FrameUpdate& update,
                                              std::string_view payload) {
  RETURN_IF_ERROR(CheckPlace(update));
  ASSIGN_OR_RETURN(const std::vector<CheckedPatch> patches,
                   CheckUpdate(update, payload, picture_.size()));
  std::vector<Ready> ready;
  RETURN_IF_ERROR(DecodePatches(patches, ready));
  // Last, because a decoder cannot forget what it was given.
  Applied applied;
  if (absl::Status status = DecodeVideos(patches, update.sequence(), ready,
                                         applied.keyframe_streams);
      !status.ok()) {
    LosePlace();
    return status;
  }
  Commit(patches, ready);
  sequence_ = update.sequence();
  RETURN_IF_ERROR(VerifyCheck(update));
  applied.changed = ChangedBy(patches, picture_.size());
  // Catching up, each band is a gain; a change is shown as a whole.
  applied.present = !update.more_follows() || update.base_sequence() == 0;
  applied.exact = update.exact() && applied.keyframe_streams.empty();
  // A part that is still to come is said to follow; a video's area whose
  // keyframe was not seen stayed black.
  whole_ |= !update.more_follows() && applied.keyframe_streams.empty();
  return applied;
}

absl::Status PictureUpdater::CheckPlace(const v1::FrameUpdate& update) const {
  if (!has_format_) return LostPlace("an update came before any format");
  if (update.generation() != generation_) {
    return LostPlace(
        absl::StrFormat("the update is of generation %u, the picture of %u",
                        update.generation(), generation_));
  }
  if (update.base_sequence() != 0 && update.base_sequence() != sequence_) {
    return LostPlace(
        absl::StrFormat("the update applies to state %u, the picture is in %u",
                        update.base_sequence(), sequence_));
  }
  return absl::OkStatus();
}

absl::Status PictureUpdater::DecodePatches(
    const std::vector<CheckedPatch>& patches, std::vector<Ready>& ready) {
  // Destinations are disjoint, so this is at most the picture's own size.
  size_t needed_bytes = 0;
  for (const CheckedPatch& patch : patches) {
    if (HasOwnPixels(*patch.message)) needed_bytes += SizeBytes(patch.rect);
  }
  if (scratch_.size() < needed_bytes) scratch_.resize(needed_bytes);
  uint8_t* out = scratch_.data();
  for (const CheckedPatch& patch : patches) {
    if (!HasOwnPixels(*patch.message)) continue;
    if (patch.message->has_copy()) {
      Gather(picture_, patch.source, out);
    } else if (patch.message->has_still()) {
      RETURN_IF_ERROR(encoder::DecodeJpeg(
          patch.payload, {patch.rect.width_px, patch.rect.height_px},
          static_cast<int>(patch.message->still().shrink()),
          {out, SizeBytes(patch.rect)}));
    } else {
      RETURN_IF_ERROR(DecodeLossless(patch, out));
    }
    ready.push_back({patch.rect,
                     {out,
                      size_t(patch.rect.width_px) * kBytesPerPixel,
                      {patch.rect.width_px, patch.rect.height_px}}});
    out += SizeBytes(patch.rect);
  }
  return absl::OkStatus();
}

absl::Status PictureUpdater::DecodeLossless(const CheckedPatch& patch,
                                            uint8_t* out) {
  prefix_.resize(SizeBytes(patch.source));
  Gather(picture_, patch.source, prefix_.data());
  const std::span<uint8_t> pixels(out, SizeBytes(patch.rect));
  return patch.message->lossless().grey()
             ? zstd_.DecodeGrey(patch.payload, prefix_, pixels)
             : zstd_.Decode(patch.payload, prefix_, pixels);
}

absl::Status PictureUpdater::DecodeVideos(
    const std::vector<CheckedPatch>& patches, uint64_t sequence,
    std::vector<Ready>& ready, std::vector<uint32_t>& keyframe_streams) {
  for (const CheckedPatch& patch : patches) {
    if (!patch.message->has_video()) continue;
    const auto pixels = videos_.Decode(patch, sequence, picture_.size());
    if (absl::IsInvalidArgument(pixels.status())) {
      return LostPlace(std::string(pixels.status().message()));
    }
    RETURN_IF_ERROR(pixels.status());
    if (pixels->has_value()) {
      ready.push_back({patch.rect, **pixels});
    } else {
      keyframe_streams.push_back(patch.message->video().stream_id());
    }
  }
  return absl::OkStatus();
}

void PictureUpdater::Commit(const std::vector<CheckedPatch>& patches,
                            const std::vector<Ready>& ready) {
  for (const CheckedPatch& patch : patches) {
    if (!patch.message->has_fill()) continue;
    PutFill(patch.message->fill().rgb(), patch.rect, picture_);
  }
  for (const Ready& one : ready) PutPixels(one.pixels, one.rect, picture_);
}

absl::Status PictureUpdater::VerifyCheck(const v1::FrameUpdate& update) {
  if (!update.has_check()) return absl::OkStatus();
  const v1::BandHash& check = update.check();
  const uint64_t hash =
      encoder::HashRows(picture_, static_cast<int32_t>(check.y_px()),
                        static_cast<int32_t>(check.height_px()));
  if (hash == check.hash()) return absl::OkStatus();
  LosePlace();
  return LostPlace(absl::StrFormat(
      "after update %u rows %u to %u are not the server's", update.sequence(),
      check.y_px(), check.y_px() + check.height_px()));
}

void PictureUpdater::LosePlace() {
  sequence_ = 0;
  videos_.Clear();
}

}  // namespace oriel::clients
