#include "base/picture/banded_picture.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/picture/band_pool.h"

namespace oriel {
namespace {

void FillBlack(std::vector<uint8_t>& pixels) {
  std::fill(pixels.begin(), pixels.end(), 0);
  for (size_t i = kBytesPerPixel - 1; i < pixels.size(); i += kBytesPerPixel) {
    pixels[i] = 0xFF;
  }
}

}  // namespace

// An own count instead of std::shared_ptr: use_count() gives no ordering, and
// writing in place needs to see all reads of the last other owner done.
struct BandedPicture::Band {
  explicit Band(size_t size_bytes) : pixels(TakeBandPixels(size_bytes)) {}
  ~Band() { GiveBandPixels(std::move(pixels)); }
  Band(const Band&) = delete;
  Band& operator=(const Band&) = delete;

  std::atomic<int> owners{1};
  std::vector<uint8_t> pixels;
};

BandedPicture::BandedPicture(Size size) : size_(size) {
  if (size.empty()) {
    size_ = {};
    return;
  }
  const int count = (size.height_px + kBandHeightPx - 1) / kBandHeightPx;
  bands_.resize(count, nullptr);
  for (int i = 0; i < count; ++i) {
    bands_[i] = new Band(stride_bytes() * BandRect(i).height_px);
    FillBlack(bands_[i]->pixels);
  }
}

BandedPicture::BandedPicture(const BandedPicture& other)
    : size_(other.size_), bands_(other.bands_) {
  for (Band* band : bands_) {
    band->owners.fetch_add(1, std::memory_order_relaxed);
  }
}

BandedPicture::BandedPicture(BandedPicture&& other) noexcept
    : size_(std::exchange(other.size_, {})),
      bands_(std::exchange(other.bands_, {})) {}

BandedPicture& BandedPicture::operator=(const BandedPicture& other) {
  BandedPicture copy(other);
  return *this = std::move(copy);
}

BandedPicture& BandedPicture::operator=(BandedPicture&& other) noexcept {
  std::swap(size_, other.size_);
  std::swap(bands_, other.bands_);
  return *this;
}

BandedPicture::~BandedPicture() {
  for (Band* band : bands_) Release(band);
}

void BandedPicture::Release(Band* band) {
  if (band->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete band;
}

Rect BandedPicture::BandRect(int band) const {
  const int32_t top = band * kBandHeightPx;
  return {0, top, size_.width_px,
          std::min(kBandHeightPx, size_.height_px - top)};
}

const uint8_t* BandedPicture::Row(int32_t y_px) const {
  const Band* band = bands_[y_px / kBandHeightPx];
  return band->pixels.data() + size_t(y_px % kBandHeightPx) * stride_bytes();
}

uint8_t* BandedPicture::MutableBand(int band) {
  Band*& mine = bands_[band];
  if (mine->owners.load(std::memory_order_acquire) != 1) {
    Band* clone = new Band(mine->pixels.size());
    std::memcpy(clone->pixels.data(), mine->pixels.data(), mine->pixels.size());
    Release(std::exchange(mine, clone));
  }
  return mine->pixels.data();
}

BandedPicture::BandWriter::BandWriter(BandedPicture& picture, int band)
    : stride_bytes_(picture.stride_bytes()),
      rows_(picture.BandRect(band).height_px) {
  Band*& mine = picture.bands_[band];
  if (mine->owners.load(std::memory_order_acquire) != 1) {
    shared_ = mine;
    mine = new Band(shared_->pixels.size());
  }
  pixels_ = mine->pixels.data();
}

BandedPicture::BandWriter::~BandWriter() {
  Row(rows_ - 1);
  if (shared_ != nullptr) Release(shared_);
}

uint8_t* BandedPicture::BandWriter::Row(int32_t row) {
  if (shared_ != nullptr && cloned_rows_ <= row) {
    const size_t begin = stride_bytes_ * size_t(cloned_rows_);
    const size_t end = stride_bytes_ * size_t(row + 1);
    std::memcpy(pixels_ + begin, shared_->pixels.data() + begin, end - begin);
    cloned_rows_ = row + 1;
  }
  return pixels_ + stride_bytes_ * size_t(row);
}

bool BandedPicture::SharesBand(int band, const BandedPicture& other) const {
  return bands_[band] == other.bands_[band];
}

void BandedPicture::CopyFrom(const BandedPicture& source, const Rect& rect) {
  const Rect clipped = Intersection(rect, Rect::Of(size_));
  if (clipped.empty()) return;
  const int first = clipped.y_px / kBandHeightPx;
  const int last = (clipped.bottom_px() - 1) / kBandHeightPx;
  for (int i = first; i <= last; ++i) {
    if (SharesBand(i, source)) continue;
    const Rect part = Intersection(clipped, BandRect(i));
    if (part == BandRect(i)) {
      source.bands_[i]->owners.fetch_add(1, std::memory_order_relaxed);
      Release(std::exchange(bands_[i], source.bands_[i]));
      continue;
    }
    uint8_t* out = MutableBand(i) +
                   size_t(part.y_px - i * kBandHeightPx) * stride_bytes() +
                   size_t(part.x_px) * kBytesPerPixel;
    source.CopyTo(part, out, stride_bytes());
  }
}

void BandedPicture::CopyTo(const Rect& rect, uint8_t* out,
                           size_t out_stride_bytes) const {
  const size_t row_bytes = size_t(rect.width_px) * kBytesPerPixel;
  for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
    std::memcpy(out, Row(y) + size_t(rect.x_px) * kBytesPerPixel, row_bytes);
    out += out_stride_bytes;
  }
}

Picture BandedPicture::ToPicture() const {
  Picture picture(size_);
  if (!empty()) {
    CopyTo(Rect::Of(size_), picture.MutableAt(0, 0), picture.stride_bytes());
  }
  return picture;
}

}  // namespace oriel
