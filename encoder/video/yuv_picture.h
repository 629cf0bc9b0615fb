#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"
#include "base/picture/rect.h"

struct AVFrame;
struct SwsContext;

namespace oriel::encoder {

// A picture as planar YUV 4:2:0, BT.709 in limited range, kept between calls
// so that only bands with damage are converted. Odd sizes grow by a column or
// row that repeats the last one. Thread-compatible.
class YuvPicture {
 public:
  // kResourceExhausted: no memory, or a size that FFmpeg refuses.
  static absl::StatusOr<std::unique_ptr<YuvPicture>> Make(Size size);
  ~YuvPicture();

  // `picture` has the size given to Make(). kInternal: the conversion failed.
  absl::Status Convert(const BandedPicture& picture, const Damage& damage);

  // Its pixels change with the next Convert().
  AVFrame* frame() { return frame_.get(); }

 private:
  struct FreeFrame {
    void operator()(AVFrame* frame) const;
  };
  struct FreeSws {
    void operator()(SwsContext* context) const;
  };
  using SwsPtr = std::unique_ptr<SwsContext, FreeSws>;

  explicit YuvPicture(Size size) : size_(size) {}

  static absl::StatusOr<SwsPtr> MakeConverter(int32_t width_px,
                                              int32_t height_px);
  absl::Status ConvertBand(const BandedPicture& picture, int band);
  // The band's rows in staging_, grown to even sizes.
  void Stage(const BandedPicture& picture, const Rect& band);

  const Size size_;
  std::unique_ptr<AVFrame, FreeFrame> frame_;
  SwsPtr full_band_;
  SwsPtr last_band_;  // null when the last band is a full one
  size_t staging_stride_bytes_ = 0;
  std::vector<uint8_t> staging_;
};

}  // namespace oriel::encoder
