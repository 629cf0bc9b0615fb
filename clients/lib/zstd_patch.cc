#include "clients/lib/zstd_patch.h"

#include <zstd.h>

#include <string>

#include "absl/strings/str_format.h"
#include "base/picture/picture.h"
#include "base/status_macros.h"

namespace oriel::clients {
namespace {

absl::Status Invalid(const std::string& why) {
  return absl::InvalidArgumentError("lossless patch: " + why);
}

bool EveryXIsSet(std::span<const uint8_t> pixels) {
  uint8_t all = 0xFF;
  for (size_t i = kBytesPerPixel - 1; i < pixels.size(); i += kBytesPerPixel) {
    all &= pixels[i];
  }
  return all == 0xFF;
}

}  // namespace

ZstdPatchDecoder::ZstdPatchDecoder() : context_(ZSTD_createDCtx()) {}
ZstdPatchDecoder::~ZstdPatchDecoder() = default;

void ZstdPatchDecoder::FreeContext::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

absl::Status ZstdPatchDecoder::Decode(std::span<const uint8_t> payload,
                                      std::span<const uint8_t> prefix,
                                      std::span<uint8_t> out) {
  RETURN_IF_ERROR(Decompress(payload, prefix, out));
  if (!EveryXIsSet(out)) return Invalid("a pixel's X is not 0xFF");
  return absl::OkStatus();
}

absl::Status ZstdPatchDecoder::DecodeGrey(std::span<const uint8_t> payload,
                                          std::span<const uint8_t> prefix,
                                          std::span<uint8_t> out) {
  green_.resize(prefix.size() / kBytesPerPixel);
  for (size_t i = 0; i < green_.size(); ++i)
    green_[i] = prefix[i * kBytesPerPixel + 1];
  shades_.resize(out.size() / kBytesPerPixel);
  RETURN_IF_ERROR(Decompress(payload, green_, shades_));
  for (size_t i = 0; i < shades_.size(); ++i) {
    uint8_t* const pixel = out.data() + i * kBytesPerPixel;
    pixel[0] = pixel[1] = pixel[2] = shades_[i];
    pixel[3] = 0xFF;
  }
  return absl::OkStatus();
}

absl::Status ZstdPatchDecoder::Decompress(std::span<const uint8_t> payload,
                                          std::span<const uint8_t> prefix,
                                          std::span<uint8_t> out) {
  if (context_ == nullptr) {
    return absl::ResourceExhaustedError("no memory for zstd");
  }
  const unsigned long long content_bytes =
      ZSTD_getFrameContentSize(payload.data(), payload.size());
  if (content_bytes != out.size()) {
    return Invalid(absl::StrFormat(
        "its zstd frame does not announce the rectangle's %u bytes",
        out.size()));
  }
  const size_t frame_bytes =
      ZSTD_findFrameCompressedSize(payload.data(), payload.size());
  if (ZSTD_isError(frame_bytes) || frame_bytes != payload.size()) {
    return Invalid("its payload is not one whole zstd frame");
  }
  ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
  // Also for intra: it forgets the last patch's prefix.
  size_t code =
      ZSTD_DCtx_refPrefix(context_.get(), prefix.data(), prefix.size());
  if (!ZSTD_isError(code)) {
    code = ZSTD_decompressDCtx(context_.get(), out.data(), out.size(),
                               payload.data(), payload.size());
  }
  if (ZSTD_isError(code)) {
    return Invalid(absl::StrFormat("zstd: %s", ZSTD_getErrorName(code)));
  }
  if (code != out.size()) return Invalid("its zstd frame is too short");
  return absl::OkStatus();
}

}  // namespace oriel::clients
