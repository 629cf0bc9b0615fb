#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"
#include "encoder/update.h"

struct ZSTD_CCtx_s;

namespace oriel::encoder {

// Makes one patch at a time with zstd level 1. Rectangles are inside the
// picture and not empty. kInternal: zstd refused. Thread-compatible.
class PatchCompressor {
 public:
  PatchCompressor();
  ~PatchCompressor();

  // A fill where the rectangle is one colour, else lossless intra. Nullopt:
  // the payload would be larger than max_payload_bytes.
  absl::StatusOr<std::optional<Patch>> Intra(const BandedPicture& picture,
                                             const Rect& rect,
                                             size_t max_payload_bytes);

  // Lossless with the pixels of `reference` in `prefix` as the base.
  absl::StatusOr<std::optional<Patch>> Delta(const BandedPicture& picture,
                                             const Rect& rect,
                                             const BandedPicture& reference,
                                             const Rect& prefix,
                                             size_t max_payload_bytes);

 private:
  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };

  absl::Status SetParameters(int hash_log, int window_log);
  // Compresses source_ into output_; nullopt when it does not fit there.
  absl::StatusOr<Payload> Compress(size_t max_payload_bytes);

  std::unique_ptr<ZSTD_CCtx_s, FreeContext> context_;
  // Gathered copies, never views of the pictures: zstd drops a prefix that
  // overlaps the source in memory without a word.
  std::vector<uint8_t> source_;
  std::vector<uint8_t> prefix_;
  std::vector<uint8_t> output_;
};

}  // namespace oriel::encoder
