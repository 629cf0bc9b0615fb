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

enum class Chroma { k420, k444 };

// An area of a picture as planar YUV, BT.709 in limited range, kept between
// calls so that only strips of the area with damage are converted. Odd sizes
// grow by a column or row that repeats the last one. Thread-compatible.
class YuvPicture {
 public:
  // `area` is not empty. kResourceExhausted: no memory, or a size that FFmpeg
  // refuses.
  static absl::StatusOr<std::unique_ptr<YuvPicture>> Make(const Rect& area,
                                                          Chroma chroma);
  ~YuvPicture();

  // The area lies in `picture`; `damage` is in the picture's coordinates.
  // kInternal: the conversion failed.
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

  YuvPicture(const Rect& area, Chroma chroma) : area_(area), chroma_(chroma) {}

  absl::Status MakeFrame();
  absl::StatusOr<SwsPtr> MakeConverter(int32_t height_px) const;
  // `strip`: full-width rows of the area, as high as a band but for the last.
  absl::Status ConvertStrip(const BandedPicture& picture, const Rect& strip);
  // Whether swscale can read the strip's rows where they are.
  bool IsInPlace(const BandedPicture& picture, const Rect& strip) const;
  // The strip's rows in staging_, grown to even sizes.
  void Stage(const BandedPicture& picture, const Rect& strip);

  const Rect area_;
  const Chroma chroma_;
  std::unique_ptr<AVFrame, FreeFrame> frame_;
  SwsPtr full_strip_;
  SwsPtr last_strip_;  // null when the last strip is a full one
  size_t staging_stride_bytes_ = 0;
  std::vector<uint8_t> staging_;
};

}  // namespace oriel::encoder
