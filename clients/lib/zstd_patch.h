#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"

struct ZSTD_DCtx_s;

namespace oriel::clients {

// Decompresses lossless patches. Never writes or allocates more than the
// patch's own size, whatever the payload says. Thread-compatible.
class ZstdPatchDecoder {
 public:
  ZstdPatchDecoder();
  ~ZstdPatchDecoder();

  // Fills `out` with pixels. `prefix` is the delta's base, empty for intra.
  // kInvalidArgument: the payload is not one zstd frame of exactly that
  // content size, is damaged, or has pixels whose X is not 0xFF; `out` then
  // holds anything.
  absl::Status Decode(std::span<const uint8_t> payload,
                      std::span<const uint8_t> prefix, std::span<uint8_t> out);
  // The same for a payload of one byte a pixel; `prefix` and `out` are BGRX.
  absl::Status DecodeGrey(std::span<const uint8_t> payload,
                          std::span<const uint8_t> prefix,
                          std::span<uint8_t> out);

 private:
  // Any bytes.
  absl::Status Decompress(std::span<const uint8_t> payload,
                          std::span<const uint8_t> prefix,
                          std::span<uint8_t> out);

  struct FreeContext {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, FreeContext> context_;
  std::vector<uint8_t> green_;
  std::vector<uint8_t> shades_;
};

}  // namespace oriel::clients
