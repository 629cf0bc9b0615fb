#include "encoder/band_hash.h"

#include <xxhash.h>

namespace oriel::encoder {

BandHash HashBand(const BandedPicture& picture, int band) {
  const Rect rect = picture.BandRect(band);
  const size_t size_bytes = picture.stride_bytes() * rect.height_px;
  return {.y_px = rect.y_px,
          .height_px = rect.height_px,
          .hash = XXH64(picture.Row(rect.y_px), size_bytes, 0)};
}

uint64_t HashRows(const Picture& picture, int32_t y_px, int32_t height_px) {
  return XXH64(picture.At(0, y_px), picture.stride_bytes() * height_px, 0);
}

}  // namespace oriel::encoder
