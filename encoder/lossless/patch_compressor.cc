#include "encoder/lossless/patch_compressor.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::encoder {
namespace {

constexpr int kDefault = 0;
constexpr int kMinHashLog = 12;
// More costs memory (4 MB at 20) and time, and finds little.
constexpr int kMaxHashLog = 20;
constexpr int kMinWindowLog = 10;

absl::Status ZstdError(const char* tried, size_t code) {
  return absl::InternalError(
      absl::StrFormat("zstd %s: %s", tried, ZSTD_getErrorName(code)));
}

int CeilLog2(size_t value) { return std::bit_width(value - 1); }

void Gather(const BandedPicture& picture, const Rect& rect,
            std::vector<uint8_t>& out) {
  const size_t row_bytes = size_t(rect.width_px) * kBytesPerPixel;
  out.resize(row_bytes * rect.height_px);
  picture.CopyTo(rect, out.data(), row_bytes);
}

bool IsGrey(const std::vector<uint8_t>& pixels) {
  // Some at a time, which the compiler makes vectors of.
  constexpr size_t kStep = 64 * size_t{kBytesPerPixel};
  for (size_t begin = 0; begin < pixels.size(); begin += kStep) {
    const size_t end = std::min(begin + kStep, pixels.size());
    uint32_t differing = 0;
    for (size_t i = begin; i < end; i += kBytesPerPixel) {
      uint32_t pixel;
      std::memcpy(&pixel, pixels.data() + i, sizeof(pixel));
      differing |= (pixel ^ pixel >> 8) & 0xFFFF;
    }
    if (differing != 0) return false;
  }
  return true;
}

// In place.
void KeepGreen(std::vector<uint8_t>& pixels) {
  const size_t count = pixels.size() / kBytesPerPixel;
  for (size_t i = 0; i < count; ++i) pixels[i] = pixels[i * kBytesPerPixel + 1];
  pixels.resize(count);
}

}  // namespace

PatchCompressor::PatchCompressor() : context_(ZSTD_createCCtx()) {}
PatchCompressor::~PatchCompressor() = default;

void PatchCompressor::FreeContext::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

void PatchCompressor::Load(const BandedPicture& picture, const Rect& rect) {
  Gather(picture, rect, source_);
  grey_ = IsGrey(source_);
  if (grey_) KeepGreen(source_);
}

std::optional<Fill> PatchCompressor::OneColour() const {
  const size_t pixel_bytes = grey_ ? 1 : kBytesPerPixel;
  if (std::memcmp(source_.data(), source_.data() + pixel_bytes,
                  source_.size() - pixel_bytes) != 0) {
    return std::nullopt;
  }
  if (grey_) return Fill{source_[0], source_[0], source_[0]};
  return Fill{source_[0], source_[1], source_[2]};
}

absl::StatusOr<Payload> PatchCompressor::Intra(int level,
                                               size_t max_payload_bytes) {
  RETURN_IF_ERROR(SetParameters(level, kDefault, kDefault));
  return Compress(max_payload_bytes);
}

absl::StatusOr<Payload> PatchCompressor::Delta(const BandedPicture& reference,
                                               const Rect& prefix, int level,
                                               size_t max_payload_bytes) {
  Gather(reference, prefix, prefix_);
  if (grey_) KeepGreen(prefix_);
  // The levels' own hash tables barely index a prefix of this size.
  const int hash_log =
      std::clamp(CeilLog2(prefix_.size() / 8 + 1), kMinHashLog, kMaxHashLog);
  const int window_log =
      std::max(kMinWindowLog, CeilLog2(prefix_.size() + source_.size()));
  RETURN_IF_ERROR(SetParameters(level, hash_log, window_log));
  const size_t code =
      ZSTD_CCtx_refPrefix(context_.get(), prefix_.data(), prefix_.size());
  if (ZSTD_isError(code)) return ZstdError("referring to a prefix", code);
  return Compress(max_payload_bytes);
}

absl::Status PatchCompressor::SetParameters(int level, int hash_log,
                                            int window_log) {
  if (context_ == nullptr) {
    return absl::InternalError("zstd: no memory for a compression context");
  }
  const std::pair<ZSTD_cParameter, int> parameters[] = {
      {ZSTD_c_compressionLevel, level},
      {ZSTD_c_contentSizeFlag, 1},
      {ZSTD_c_hashLog, hash_log},
      {ZSTD_c_windowLog, window_log},
  };
  for (const auto& [parameter, value] : parameters) {
    const size_t code =
        ZSTD_CCtx_setParameter(context_.get(), parameter, value);
    if (ZSTD_isError(code)) return ZstdError("setting a parameter", code);
  }
  return absl::OkStatus();
}

absl::StatusOr<Payload> PatchCompressor::Compress(size_t max_payload_bytes) {
  // A full output ends the work early; that is the point of the small buffer.
  const size_t capacity =
      std::min(max_payload_bytes, ZSTD_compressBound(source_.size()));
  if (output_.size() < capacity) output_.resize(capacity);
  const size_t size = ZSTD_compress2(context_.get(), output_.data(), capacity,
                                     source_.data(), source_.size());
  if (!ZSTD_isError(size)) {
    return std::make_shared<const std::vector<uint8_t>>(
        output_.begin(), output_.begin() + static_cast<ptrdiff_t>(size));
  }
  // After an error the context takes parameters again only when it is reset.
  ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);
  if (ZSTD_getErrorCode(size) == ZSTD_error_dstSize_tooSmall) return nullptr;
  return ZstdError("compressing a patch", size);
}

}  // namespace oriel::encoder
