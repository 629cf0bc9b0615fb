#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/picture/picture.h"
#include "base/picture/rect.h"

namespace oriel {

// The height of a band, and of the damage grid's tiles.
inline constexpr int32_t kBandHeightPx = 32;

// A picture in full-width bands of kBandHeightPx rows that are reference
// counted and copied on write: a copy of the picture costs a pointer a band,
// and a band that any copy shares is never written. Copies may live on other
// threads; one object is thread-compatible.
class BandedPicture {
 public:
  BandedPicture() = default;
  // Black.
  explicit BandedPicture(Size size);
  BandedPicture(const BandedPicture& other);
  BandedPicture(BandedPicture&& other) noexcept;
  BandedPicture& operator=(const BandedPicture& other);
  BandedPicture& operator=(BandedPicture&& other) noexcept;
  ~BandedPicture();

  Size size() const { return size_; }
  bool empty() const { return size_.empty(); }
  size_t stride_bytes() const {
    return size_t(size_.width_px) * kBytesPerPixel;
  }
  int band_count() const { return static_cast<int>(bands_.size()); }
  // Rows of the last band may be fewer.
  Rect BandRect(int band) const;

  // stride_bytes() bytes; valid until this object changes or goes.
  const uint8_t* Row(int32_t y_px) const;
  // The first byte of the band's rows, stride_bytes() apart. Clones the band
  // when another picture shares it, so take it once per band, then write.
  uint8_t* MutableBand(int band);
  bool SharesBand(int band, const BandedPicture& other) const;

  // Takes over `rect`'s pixels of `source`, which has the same size; whole
  // bands are shared instead of copied. `rect` is clipped to the picture.
  void CopyFrom(const BandedPicture& source, const Rect& rect);
  // Writes `rect` (inside the picture) to `out`, rows out_stride_bytes apart.
  void CopyTo(const Rect& rect, uint8_t* out, size_t out_stride_bytes) const;
  Picture ToPicture() const;

  class BandWriter;

 private:
  struct Band;
  static void Release(Band* band);

  Size size_;
  std::vector<Band*> bands_;
};

// Writes a band from its top down. One that another picture shares is cloned on
// the way, each row just before it is written: it goes through the cache once.
// Until it ends nothing else may use the picture, whose rows below the last one
// asked for hold anything.
class BandedPicture::BandWriter {
 public:
  BandWriter(BandedPicture& picture, int band);
  ~BandWriter();
  BandWriter(const BandWriter&) = delete;
  BandWriter& operator=(const BandWriter&) = delete;

  // The band's row, as it is. Never one above the last one asked for.
  uint8_t* Row(int32_t row);

 private:
  const size_t stride_bytes_;
  const int32_t rows_;
  Band* shared_ = nullptr;  // where the rows come from; null: they are here
  uint8_t* pixels_ = nullptr;
  int32_t cloned_rows_ = 0;
};

}  // namespace oriel
