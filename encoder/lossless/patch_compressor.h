#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"
#include "encoder/update.h"

struct ZSTD_CCtx_s;

namespace oriel::encoder {

// Compresses one rectangle's pixels at a time with zstd. Rectangles are inside
// the picture and not empty. kInternal: zstd refused. Thread-compatible; keeps
// its memory.
class PatchCompressor {
 public:
  PatchCompressor();
  ~PatchCompressor();

  // The pixels that the next calls are about.
  void Load(const BandedPicture& picture, const Rect& rect);
  // Nullopt: the rectangle has several colours.
  std::optional<Fill> OneColour() const;
  // All of its pixels are; then payloads hold one byte a pixel.
  bool grey() const { return grey_; }

  // Null: the payload would be larger than max_payload_bytes.
  absl::StatusOr<Payload> Intra(int level, size_t max_payload_bytes);
  // The pixels of `reference` in `prefix` are the base.
  absl::StatusOr<Payload> Delta(const BandedPicture& reference,
                                const Rect& prefix, int level,
                                size_t max_payload_bytes);

 private:
  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };

  absl::Status SetParameters(int level, int hash_log, int window_log);
  // Compresses source_ into output_; null when it does not fit there.
  absl::StatusOr<Payload> Compress(size_t max_payload_bytes);

  std::unique_ptr<ZSTD_CCtx_s, FreeContext> context_;
  bool grey_ = false;
  // Gathered copies, never views of the pictures: zstd drops a prefix that
  // overlaps the source in memory without a word.
  std::vector<uint8_t> source_;
  std::vector<uint8_t> prefix_;
  std::vector<uint8_t> output_;
};

}  // namespace oriel::encoder
